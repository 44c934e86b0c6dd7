/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/speed/variates.h"

#include <math.h>

/* Where the tail begins, and the area of each layer and of the tail with the base, for 256 layers: the solution that
 * Marsaglia and Tsang give. */
static const double tail_x = 7.69711747013104972;
static const double layer_area = 0.0039496598225815571993;

double layers_x[LAYERS + 1], layers_y[LAYERS + 1];

void variates_prepare(void)
{
    layers_x[0] = layer_area / exp(-tail_x);
    layers_x[1] = tail_x;
    for (int i = 2; i < LAYERS; i++)
        layers_x[i] = -log(layer_area / layers_x[i - 1] + exp(-layers_x[i - 1]));
    layers_x[LAYERS] = 0;
    for (int i = 0; i <= LAYERS; i++)
        layers_y[i] = exp(-layers_x[i]);
}

void variates_init(struct variates *variates, uint64_t seed)
{
    for (int i = 0; i < 4; i++) {
        uint64_t z = seed += UINT64_C(0x9e3779b97f4a7c15);

        z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
        variates->words[i] = z ^ z >> 31;
    }
}

/* Between 0 and 1, neither included. */
static double uniform(struct variates *variates)
{
    return ((double)(int64_t)(variates_bits(variates) >> 11) + 0.5) * 0x1p-53;
}

double variates_edge(struct variates *variates, unsigned layer, double x)
{
    for (;;) {
        if (layer == 0)
            return tail_x - log(uniform(variates));
        if (layers_y[layer] + (layers_y[layer + 1] - layers_y[layer]) * uniform(variates) < exp(-x))
            return x;
        uint64_t bits = variates_bits(variates);

        layer = bits % LAYERS;
        x = (double)(int64_t)(bits >> 11) * 0x1p-53 * layers_x[layer];
        if (x < layers_x[layer + 1])
            return x;
    }
}
