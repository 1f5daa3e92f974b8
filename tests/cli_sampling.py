#!/usr/bin/env python3
"""cli_sampling.py - weights of traces as a user asks for them, and what is estimated with them."""
import json
import sys
import unittest

from cli import Cli, request, span


class Weights(Cli):
    def explain(self, *states):
        """What is said of traces 1, 2, ... with these tracestates."""
        lines = [request(span(number, 1, traceState=state)) for number, state in enumerate(states, 1)]
        path = self.write('traces.jsonl', '\n'.join(lines) + '\n')
        out = self.run_it('sampling', path, '--explain-weights', '--format', 'json')[0].splitlines()
        by_id = {int(trace['trace_id'], 16): trace for trace in map(json.loads, out)}
        return [by_id[number] for number in range(1, len(states) + 1)]

    def test_an_unreadable_rv_is_said_and_leaves_the_weight_of_the_threshold(self):
        both, alone, readable, below = self.explain('ot=rv:123;th:0', 'ot=rv:123', 'ot=rv:d0000000000000;th:c',
                                                    'ot=rv:123;th:8')
        self.assertEqual((both['status'], both['weight'], both['randomness']), ('invalid_rv', 1, 1))
        self.assertEqual((alone['status'], alone['weight']), ('unknown', None))
        self.assertEqual((readable['status'], readable['weight']), ('ok', 4))
        self.assertEqual((below['status'], below['weight']), ('inconsistent', None))


if __name__ == '__main__':
    unittest.main(argv=[sys.argv[0], *sys.argv[1:]])
