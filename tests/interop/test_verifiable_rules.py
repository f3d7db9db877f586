"""The rules find what they are for: a sound history passes, and each planted violation is named."""
import copy
import unittest

import harness
import verifiable_rules as rules
from verifiable_rules import Partition, Run

TOPIC = "t"


def line(time, name, **fields):
    return {"timestamp": time, "name": name, **fields}


def assigned(time, *partitions):
    return line(time, "partitions_assigned", partitions=[{"topic": TOPIC, "partition": p} for p in partitions])


def revoked(time, *partitions):
    return line(time, "partitions_revoked", partitions=[{"topic": TOPIC, "partition": p} for p in partitions])


def consumed(time, partition, first, last):
    """The lines of one poll of one partition; record N of partition P has the value "P.N"."""
    data = [line(time, "record_data", key=None, value=f"{partition}.{n}", topic=TOPIC, partition=partition, offset=n)
            for n in range(first, last + 1)]
    count = last - first + 1
    return [*data, line(time, "records_consumed", count=count, partitions=[
        {"topic": TOPIC, "partition": partition, "count": count, "minOffset": first, "maxOffset": last}])]


def committed(time, partition, offset, success=True):
    return line(time, "offsets_committed", offsets=[{"topic": TOPIC, "partition": partition, "offset": offset}], success=success)


def sent(time, partition, offset):
    return line(time, "producer_send_success", key=None, value=f"{partition}.{offset}", offset=offset, topic=TOPIC, partition=partition)


def sound():
    """A producer, and two members: A reads both partitions, B joins and takes the second, A is killed, B gets all."""
    producer = Run("P", [line(1, "startup_complete"), *[sent(2, 0, n) for n in range(6)], *[sent(3, 1, n) for n in range(4)],
                         line(4, "shutdown_complete"), line(4, "tool_data", sent=10, acked=10, target_throughput=-1, avg_throughput=1.0)])
    a = Run("A", [line(5, "startup_complete"), assigned(6, 0, 1), *consumed(7, 0, 0, 1), committed(8, 0, 2), *consumed(9, 1, 0, 1),
                  committed(10, 1, 2), revoked(11, 0, 1), assigned(13, 0), *consumed(14, 0, 2, 3)], end="killed", ended=20)
    b = Run("B", [line(10, "startup_complete"), assigned(13, 1), *consumed(15, 1, 2, 3), committed(16, 1, 4), revoked(22, 1),
                  assigned(23, 0, 1), *consumed(24, 0, 4, 5), committed(25, 0, 6), line(30, "shutdown_requested"), revoked(31, 0, 1),
                  line(32, "shutdown_complete")])
    return producer, a, b


ENDS = {Partition(TOPIC, 0): 6, Partition(TOPIC, 1): 4}


def check(producer, a, b, final=None):
    return (rules.check_producer(producer) + rules.check_group([a, b], committed=final or ENDS) +
            rules.check_topic([producer], [a, b], ENDS))


def index(run, name, nth=0):
    return [n for n, event in enumerate(run.events) if event["name"] == name][nth]


class VerifiableRulesTest(unittest.TestCase):
    def test_a_sound_history_passes(self):
        self.assertEqual(check(*sound()), [])

    def planted(self, expected, change):
        """One change of the sound history, or of the offsets that the broker tells; a sentence must contain `expected`."""
        producer, a, b = sound()
        changed = change(producer, a, b)
        found = check(producer, a, b, changed if expected.startswith("the broker says") else None)
        self.assertTrue(any(expected in sentence for sentence in found), f"nobody said '{expected}': {found}")

    def test_lives(self):
        self.planted("its times go back", lambda p, a, b: p.events[3].update(timestamp=1))
        self.planted("startup_complete must come first", lambda p, a, b: a.events.pop(0))
        self.planted("shutdown_complete came 2 times", lambda p, a, b: b.events.append(line(33, "shutdown_complete")))
        self.planted("shutdown_complete came 0 times", lambda p, a, b: b.events.pop(index(b, "shutdown_complete")))
        self.planted("told nothing", lambda p, a, b: b.events.clear())

    def test_producers(self):
        self.planted("told more than once of ['0.1']", lambda p, a, b: p.events.insert(3, copy.copy(p.events[2])))
        self.planted("two records acknowledged at", lambda p, a, b: p.events[2].update(offset=0))
        self.planted("tool_data says sent 10, acked 9", lambda p, a, b: p.events[-1].update(acked=9))
        self.planted("tool_data came 0 times", lambda p, a, b: p.events.pop())

    def test_reading_and_committing_what_is_not_held(self):
        self.planted("which it did not hold", lambda p, a, b: a.events.insert(-4, revoked(14, 0)))
        self.planted("committed 9 of", lambda p, a, b: b.events.insert(index(b, "offsets_committed"), committed(15, 1, 9)))
        self.planted("committed 0 of Partition(topic='t', partition=7), which it did not hold",
                     lambda p, a, b: b.events.insert(index(b, "offsets_committed"), committed(15, 7, 0)))
        self.planted("gave up [Partition(topic='t', partition=7)]",
                     lambda p, a, b: b.events[index(b, "partitions_revoked")]["partitions"].append({"topic": TOPIC, "partition": 7}))
        self.planted("kept [Partition(topic='t', partition=1)]",
                     lambda p, a, b: a.events[index(a, "partitions_revoked")]["partitions"].pop())
        self.planted("was assigned", lambda p, a, b: b.events.pop(index(b, "partitions_revoked")))
        self.planted("ended while it held", lambda p, a, b: b.events.pop(index(b, "partitions_revoked", 1)))

    def test_offsets_within_an_assignment(self):
        def skip(p, a, b):
            at = index(a, "partitions_revoked")
            a.events[at:at] = consumed(10, 1, 3, 3)
        self.planted("read 3..3 of Partition(topic='t', partition=1) where 2 was next", skip)

        def again(p, a, b):
            at = index(a, "partitions_revoked")
            a.events[at:at] = consumed(10, 1, 1, 1)
        self.planted("where 2 was next", again)
        self.planted("counts 3 records in 2..3",
                     lambda p, a, b: b.events[index(b, "records_consumed")]["partitions"][0].update(count=3))
        self.planted("counts 3 records, the partitions have 2", lambda p, a, b: b.events[index(b, "records_consumed")].update(count=3))
        self.planted("are not 2..3", lambda p, a, b: b.events.pop(index(b, "record_data")))

    def test_owners(self):
        self.planted("belonged to A", lambda p, a, b: b.events[index(b, "partitions_assigned")].update(timestamp=10))
        self.planted("belonged to A", lambda p, a, b: setattr(a, "ended", 24))

    def test_a_new_owner_begins_where_the_group_had_committed(self):
        def behind(p, a, b):
            at = index(b, "record_data")
            b.events[at:index(b, "records_consumed") + 1] = consumed(15, 1, 1, 3)
        self.planted("begins Partition(topic='t', partition=1) at 1, the group had committed [2]", behind)

        def beyond(p, a, b):
            at = index(b, "record_data")
            b.events[at:index(b, "records_consumed") + 1] = consumed(15, 1, 3, 3)
        self.planted("begins Partition(topic='t', partition=1) at 3", beyond)
        self.planted("the broker says 5 is committed", lambda p, a, b: {**ENDS, Partition(TOPIC, 0): 5})

    def test_a_commit_that_a_crash_hid_counts_or_not(self):
        producer, a, b = sound()
        # A read 2..3 and was killed: whether its commit arrived nobody knows, so B may also begin at 2.
        at = index(b, "record_data", 2)
        b.events[at:index(b, "records_consumed", 1) + 1] = consumed(24, 0, 2, 5)
        self.assertEqual(check(producer, a, b), [])

    def test_who_was_frozen_or_replaced_owns_nothing_until_it_hears_of_it(self):
        def haunt(lives, read=(), **end):
            """A does not hear of B's taking over before 26; then it tells of `lives` commits and of what it still read."""
            producer, a, b = sound()
            a.end, a.ended = "stopped", None
            a.events += [*read, *[committed(26, 0, 4) for _ in range(lives)], revoked(27, 0), line(28, "shutdown_complete")]
            b.events = [event for event in b.events if event["timestamp"] != 24 or event["name"] != "record_data"]
            at = index(b, "records_consumed", 1)
            b.events[at:at + 1] = consumed(24, 0, 4, 5)
            for key, value in end.items():
                setattr(a, key, value)
            return check(producer, a, b)
        self.assertEqual(haunt(1, frozen=[20]), [])
        self.assertEqual(haunt(1, frozen=[20], read=consumed(26, 0, 4, 4)), [])
        self.assertEqual(haunt(1, replaced_by="B"), [])
        self.assertTrue(any("belonged to A" in sentence for sentence in haunt(1, replaced_by="C")))
        self.assertTrue(any("although others own them" in sentence for sentence in haunt(2, frozen=[20])))
        self.assertTrue(any("although others own them" in sentence for sentence in haunt(1)))
        self.assertTrue(any("belonged to A" in sentence for sentence in haunt(0)))

    def test_records(self):
        def lose(p, a, b):
            at = index(b, "record_data")
            b.events[at:index(b, "records_consumed") + 1] = consumed(15, 1, 2, 2)
            b.events[index(b, "offsets_committed")]["offsets"][0]["offset"] = 3
        self.planted("was acknowledged at (1, 3) and never read", lose)
        self.planted("nobody read [3]", lose)
        self.planted("was acknowledged at (1, 2), (None, '?') was read", lambda p, a, b: b.events[index(b, "record_data")].update(value="?"))

        def invent(p, a, b):
            del p.events[5]
            p.events[-1].update(sent=9, acked=9)
        self.planted("was read at (0, 4) and never sent", invent)

        def contradict(p, a, b):
            at = index(b, "record_data", 2)
            b.events[at:index(b, "records_consumed", 1) + 1] = consumed(24, 0, 2, 5)
            b.events[at]["value"] = "?"
        self.planted("another time it was", contradict)


if __name__ == "__main__":
    harness.main()
