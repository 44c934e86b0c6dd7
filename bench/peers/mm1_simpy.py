#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""mm1_simpy.py KIND CUSTOMERS - M/M/1 at load 0.9 by SimPy 3, answered by one line: mean time in the system in service
times, seconds of CPU time. KIND: customers, a process each that asks for a Resource, as SimPy's own examples have it;
or clerk, two processes and a queue between them, the least that SimPy has to do."""

import collections
import random
import sys
import time

import simpy

LOAD = 0.9


def by_customers(env, customers, draw):
    clerk = simpy.Resource(env)
    stayed = [0.0]

    def customer():
        arrived = env.now
        with clerk.request() as turn:
            yield turn
            yield env.timeout(draw(1))
        stayed[0] += env.now - arrived

    def source():
        for _ in range(customers):
            yield env.timeout(draw(LOAD))
            env.process(customer())

    env.process(source())
    env.run()
    return stayed[0]


def by_clerk(env, customers, draw):
    queue = collections.deque()
    waiting = []  # the event on which the clerk waits
    stayed = [0.0]

    def clerk():
        for _ in range(customers):
            if not queue:
                waiting.append(env.event())
                yield waiting[0]
                waiting.clear()
            yield env.timeout(draw(1))
            stayed[0] += env.now - queue.popleft()

    def source():
        for _ in range(customers):
            yield env.timeout(draw(LOAD))
            queue.append(env.now)
            if waiting and len(queue) == 1:
                waiting[0].succeed()

    env.process(clerk())
    env.process(source())
    env.run()
    return stayed[0]


def main():
    kinds = {"customers": by_customers, "clerk": by_clerk}
    if len(sys.argv) != 3 or sys.argv[1] not in kinds:
        sys.exit("usage: mm1_simpy.py customers|clerk CUSTOMERS")
    customers = int(sys.argv[2])
    env = simpy.Environment()
    draw = random.Random(7).expovariate
    begin = time.process_time()
    stayed = kinds[sys.argv[1]](env, customers, draw)
    print("%.6f %.9f" % (stayed / customers, time.process_time() - begin))


main()
