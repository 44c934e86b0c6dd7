/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mm1_simgrid.cc - M/M/1 at load 0.9 by SimGrid (S4U), answered by one line: mean time in the system in service times,
 * seconds of CPU time. Two actors on one host, who sleep; a semaphore counts who waits.
 */
#include <simgrid/s4u.hpp>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <deque>
#include <random>

namespace sg4 = simgrid::s4u;

namespace
{

constexpr double load = 0.9;

struct Shop {
    std::mt19937_64 bits{7};
    std::exponential_distribution<double> exponential{1};
    std::deque<double> arrivals;
    sg4::SemaphorePtr waiting = sg4::Semaphore::create(0);
    unsigned long long customers = 0;
    double stayed = 0;

    double draw()
    {
        return exponential(bits);
    }
};

void receive(Shop *shop)
{
    for (unsigned long long i = 0; i < shop->customers; i++) {
        sg4::this_actor::sleep_for(shop->draw() / load);
        shop->arrivals.push_back(sg4::Engine::get_clock());
        shop->waiting->release();
    }
}

void serve(Shop *shop)
{
    for (unsigned long long i = 0; i < shop->customers; i++) {
        shop->waiting->acquire();
        sg4::this_actor::sleep_for(shop->draw());
        shop->stayed += sg4::Engine::get_clock() - shop->arrivals.front();
        shop->arrivals.pop_front();
    }
}

} // namespace

int main(int count, char **words)
{
    sg4::Engine engine(&count, words);
    Shop shop;

    shop.customers = count == 2 ? std::strtoull(words[1], nullptr, 10) : 0;
    if (shop.customers == 0) {
        std::fprintf(stderr, "usage: mm1_simgrid CUSTOMERS\n");
        return 2;
    }
    sg4::NetZone *zone = sg4::create_full_zone("street");
    sg4::Host *host = zone->create_host("bank", 1e9);

    zone->seal();
    sg4::Actor::create("door", host, receive, &shop);
    sg4::Actor::create("clerk", host, serve, &shop);
    std::clock_t begin = std::clock();

    engine.run();
    double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;

    std::printf("%.6f %.9f\n", shop.stayed / static_cast<double>(shop.customers), seconds);
    return 0;
}
