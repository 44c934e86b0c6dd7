/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mm1_ns3.cc - M/M/1 at load 0.9 by the bare event scheduler of ns-3, answered by one line: mean time in the system in
 * service times, seconds of CPU time. A service time is a second; ns-3 counts nanoseconds, as hopsim does.
 */
#include <ns3/core-module.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <deque>
#include <random>

using namespace ns3;

namespace
{

constexpr double load = 0.9;

struct Shop {
    std::mt19937_64 bits{7};
    std::exponential_distribution<double> exponential{1};
    std::deque<int64_t> arrivals;
    unsigned long long arrived = 0, customers = 0;
    int64_t stayed_ns = 0;

    Time draw(double mean)
    {
        return NanoSeconds(static_cast<int64_t>(exponential(bits) * mean * 1e9));
    }

    void arrive()
    {
        arrivals.push_back(Simulator::Now().GetNanoSeconds());
        if (arrivals.size() == 1)
            Simulator::Schedule(draw(1), &Shop::leave, this);
        if (++arrived < customers)
            Simulator::Schedule(draw(1 / load), &Shop::arrive, this);
    }

    void leave()
    {
        stayed_ns += Simulator::Now().GetNanoSeconds() - arrivals.front();
        arrivals.pop_front();
        if (!arrivals.empty())
            Simulator::Schedule(draw(1), &Shop::leave, this);
    }
};

} // namespace

int main(int count, char **words)
{
    Shop shop;

    shop.customers = count == 2 ? std::strtoull(words[1], nullptr, 10) : 0;
    if (shop.customers == 0) {
        std::fprintf(stderr, "usage: mm1_ns3 CUSTOMERS\n");
        return 2;
    }
    std::clock_t begin = std::clock();

    Simulator::Schedule(shop.draw(1 / load), &Shop::arrive, &shop);
    Simulator::Run();
    Simulator::Destroy();
    double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;

    std::printf("%.6f %.9f\n", static_cast<double>(shop.stayed_ns) * 1e-9 / static_cast<double>(shop.customers),
                seconds);
    return 0;
}
