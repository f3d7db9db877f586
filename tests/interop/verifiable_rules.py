"""What must be true of every history that verifiable clients tell, whoever made the clients and the broker.

Pure: histories in, sentences about violations out. A history is a Run: the JSON lines of one process and how it ended.
The rules, which are those of Kafka's own system tests:

one client   lines in the order of their times; startup_complete first, shutdown_complete once after a clean end and never
             after a crash
producer     every value once, acknowledged or failed; the counts of tool_data
consumer     records and commits only of partitions it holds; offsets without gaps within an assignment; the records of
             --verbose are those of the summary; commits not beyond what was read; with eager assignors everything is
             revoked before anything is assigned
group        a partition has one owner at any time; an owner begins where the group had committed
topic        every acknowledged record was read, unchanged; nothing was read that was not sent; no offset was skipped;
             what the broker says was committed is what the members say
"""
import collections
import dataclasses

Partition = collections.namedtuple("Partition", "topic partition")


@dataclasses.dataclass
class Run:
    """One process. `end` is "stopped" (by itself or a signal it could handle), "killed" or "running". Times are milliseconds.

    A frozen member does not know that its session is over, and one that was replaced not that another has its
    group.instance.id: until it hears of it, it may believe to own what others own. So what it held counts until it was frozen,
    or until the other was assigned something; its commits must fail from then on."""
    name: str
    events: list
    end: str = "stopped"
    ended: int = None       # when it was killed
    replaced_by: str = None  # name of the Run that took its group.instance.id
    frozen: list = dataclasses.field(default_factory=list)  # when it was stopped for longer than its session
    limited: bool = False   # consumer with --max-messages: "count" may exceed the ranges
    eager: bool = True      # consumer: its assignors give up everything before they get anything


def partitions_of(event):
    return [Partition(entry["topic"], entry["partition"]) for entry in event["partitions"]]


def check_life(run):
    """The rules of every client."""
    found = []
    # Java takes the time before it waits for its turn to print, and these two come from threads of their own.
    times = [event["timestamp"] for event in run.events if event["name"] not in ("shutdown_requested", "producer_send_error")]
    if times != sorted(times):
        found.append(f"{run.name}: its times go back")
    names = [event["name"] for event in run.events]
    if names and (names[0] != "startup_complete" or names.count("startup_complete") != 1):
        found.append(f"{run.name}: startup_complete must come first and once, the lines begin {names[:3]}")
    if not names and run.end == "stopped":
        found.append(f"{run.name}: told nothing")
    wanted = {"stopped": [1], "killed": [0, 1], "running": [0]}[run.end]  # it may have been killed in its last breath
    if names and names.count("shutdown_complete") not in wanted:
        found.append(f"{run.name}: {run.end}, and shutdown_complete came {names.count('shutdown_complete')} times")
    return found


def check_producer(run):
    found = check_life(run)
    sent = [event for event in run.events if event["name"] in ("producer_send_success", "producer_send_error")]
    counts = collections.Counter(event["value"] for event in sent)
    twice = sorted(value for value, count in counts.items() if count > 1)
    if twice:
        found.append(f"{run.name}: told more than once of {twice[:5]}")
    places = collections.Counter((event["topic"], event["partition"], event["offset"]) for event in sent
                                 if event["name"] == "producer_send_success" and event["offset"] >= 0)
    shared = sorted(place for place, count in places.items() if count > 1)
    if shared:
        found.append(f"{run.name}: two records acknowledged at {shared[:5]}")
    if run.end != "stopped":
        return found
    data = [event for event in run.events if event["name"] == "tool_data"]
    acked = sum(event["name"] == "producer_send_success" for event in sent)
    if len(data) != 1:
        found.append(f"{run.name}: tool_data came {len(data)} times")
    elif (data[0]["sent"], data[0]["acked"]) != (len(sent), acked):
        found.append(f"{run.name}: tool_data says sent {data[0]['sent']}, acked {data[0]['acked']}; "
                     f"the lines say {len(sent)} and {acked}")
    return found


class Holdings:
    """What one consumer holds while its lines are read."""

    def __init__(self, run):
        self.run, self.found = run, []
        self.positions = {}      # partition held -> next offset, None before the first record
        self.verbose = {}        # partition -> offsets of record_data since the last summary
        self.ever_verbose = any(event["name"] == "record_data" for event in run.events)

    def say(self, sentence):
        self.found.append(f"{self.run.name}: {sentence}")

    def partitions_assigned(self, event):
        got = partitions_of(event)
        if self.run.eager and self.positions:
            self.say(f"was assigned {got} while it held {sorted(self.positions)}")
        for partition in got:
            if partition in self.positions:
                self.say(f"was assigned {partition}, which it held")
            self.positions[partition] = None

    def partitions_revoked(self, event):
        gone = partitions_of(event)
        strange = [partition for partition in gone if partition not in self.positions]
        if strange:
            self.say(f"gave up {strange}, which it did not hold")
        for partition in gone:
            self.positions.pop(partition, None)
        if self.run.eager and self.positions:
            self.say(f"kept {sorted(self.positions)} when it gave up the others")

    def record_data(self, event):
        self.verbose.setdefault(Partition(event["topic"], event["partition"]), []).append(event["offset"])

    def records_consumed(self, event):
        total = 0
        for entry in event["partitions"]:
            partition = Partition(entry["topic"], entry["partition"])
            first, last, total = entry["minOffset"], entry["maxOffset"], total + entry["count"]
            if partition not in self.positions:
                self.say(f"read {first}..{last} of {partition}, which it did not hold")
            elif self.positions[partition] is not None and first != self.positions[partition]:
                self.say(f"read {first}..{last} of {partition} where {self.positions[partition]} was next")
            if entry["count"] != last - first + 1:
                self.say(f"counts {entry['count']} records in {first}..{last} of {partition}")
            if self.ever_verbose and self.verbose.pop(partition, []) != list(range(first, last + 1)):
                self.say(f"the records told of {partition} are not {first}..{last}")
            self.positions[partition] = last + 1
        if self.verbose:
            self.say(f"told records of {sorted(self.verbose)} that are in no summary")
            self.verbose = {}
        if total != event["count"] and not (self.run.limited and total < event["count"]):
            self.say(f"counts {event['count']} records, the partitions have {total}")

    def offsets_committed(self, event):
        if not event["success"]:
            return
        for entry in event["offsets"]:
            partition = Partition(entry["topic"], entry["partition"])
            if partition not in self.positions:
                self.say(f"committed {entry['offset']} of {partition}, which it did not hold")
            elif self.positions[partition] is None or entry["offset"] > self.positions[partition]:
                self.say(f"committed {entry['offset']} of {partition} but stands at {self.positions[partition]}")


def check_consumer(run):
    holdings = Holdings(run)
    for event in run.events:
        handle = getattr(holdings, event["name"], None)
        if handle:
            handle(event)
    if run.end == "stopped" and holdings.positions:
        holdings.say(f"ended while it held {sorted(holdings.positions)}")
    return check_life(run) + holdings.found


def in_time(runs):
    """All lines as (run, event) in the order of their times. In one millisecond what a member gives up goes before what
    another one gets; the lines of one member keep their order."""
    heads = {run.name: (run, collections.deque(run.events)) for run in runs}
    while True:
        open_heads = [(lines[0]["timestamp"], lines[0]["name"] == "partitions_assigned", name)
                      for name, (run, lines) in heads.items() if lines]
        if not open_heads:
            return
        run, lines = heads[min(open_heads)[2]]
        yield run, lines.popleft()


def first_assignment(run):
    return [event["timestamp"] for event in run.events if event["name"] == "partitions_assigned"][:1]


def ownership(run, replacement=None):
    """(partition, from, until) of everything a consumer held; until is endless while it still does."""
    held, spans = {}, []
    ends = [*run.frozen, *([run.ended] if run.ended is not None else []), *(first_assignment(replacement) if replacement else [])]
    for event in run.events:
        if event["name"] == "partitions_assigned":
            held.update((partition, event["timestamp"]) for partition in partitions_of(event))
        elif event["name"] == "partitions_revoked":
            spans += [(partition, held.pop(partition), event["timestamp"]) for partition in partitions_of(event) if partition in held]
    spans += [(partition, since, float("inf")) for partition, since in held.items()]
    return [(partition, since, min([until, *[end for end in ends if end >= since]])) for partition, since, until in spans]


def check_owners(runs):
    """A partition has one owner at any time."""
    spans, by_name = collections.defaultdict(list), {run.name: run for run in runs}
    for run in runs:
        for partition, since, until in ownership(run, by_name.get(run.replaced_by)):
            spans[partition].append((since, until, run.name))
    found = []
    for partition, list_of in sorted(spans.items()):
        list_of.sort()
        for (since, until, name), (next_since, _, next_name) in zip(list_of, list_of[1:]):
            if next_since < until:
                found.append(f"{partition} belonged to {name} from {since} to {until}, and to {next_name} from {next_since}")
    return found


class GroupProgress:
    """Where the group stands in each partition while the lines of all members are read in time."""

    def __init__(self, start):
        self.start, self.found = start, []
        self.committed = {}
        self.unsure = collections.defaultdict(set)   # offsets whose commit nobody told the end of
        self.owner = {}                              # partition -> the member that was assigned it last
        self.fresh = set()                           # (member, partition): nothing read since it was assigned
        self.late = collections.Counter()            # member -> commits told after others had the partition

    def read(self, run, event):
        if event["name"] == "partitions_assigned":
            for partition in partitions_of(event):
                self.owner[partition] = run.name
                self.fresh.add((run.name, partition))
        elif event["name"] == "records_consumed":
            for entry in event["partitions"]:
                self.consumed(run, Partition(entry["topic"], entry["partition"]), entry)
        elif event["name"] == "offsets_committed" and event["success"]:
            partitions = [Partition(entry["topic"], entry["partition"]) for entry in event["offsets"]]
            if any(self.owner.get(partition, run.name) != run.name for partition in partitions):
                self.committed_late(run, event)
                return
            for partition, entry in zip(partitions, event["offsets"]):
                self.committed[partition] = entry["offset"]
                self.unsure[partition].clear()

    def committed_late(self, run, event):
        """One commit may have arrived before the member was frozen or replaced, and be told of afterwards; no other is taken."""
        self.late[run.name] += 1
        if self.late[run.name] > len(run.frozen) + (run.replaced_by is not None):
            self.found.append(f"{run.name} committed {event['offsets']} although others own them")

    def consumed(self, run, partition, entry):
        if self.owner.get(partition) != run.name:
            return  # replaced and not yet aware of it: others go on from what was committed, and its commits must fail
        allowed = {self.committed.get(partition, self.start)} | self.unsure[partition]
        if (run.name, partition) in self.fresh and entry["minOffset"] not in allowed:
            self.found.append(f"{run.name} begins {partition} at {entry['minOffset']}, the group had committed {sorted(allowed)}")
        self.fresh.discard((run.name, partition))
        self.unsure[partition].add(entry["maxOffset"] + 1)


def check_group(runs, start=0, committed=None):
    """All members of one group that commit after every poll, over its whole life. `start` is where a group without a commit
    begins, `committed` what the broker says at the end."""
    found = [sentence for run in runs for sentence in check_consumer(run)] + check_owners(runs)
    progress = GroupProgress(start)
    for run, event in in_time(runs):
        progress.read(run, event)
    found += progress.found
    for partition, offset in sorted((committed or {}).items()):
        allowed = {progress.committed.get(partition, start)} | progress.unsure[partition]
        if offset not in allowed:
            found.append(f"the broker says {offset} is committed of {partition}, the members say {sorted(allowed)}")
    return found


def check_topic(producers, consumers, ends=None, start=0):
    """What was sent against what was read, of one topic. Consumers tell every record (--verbose). `ends` are the partitions'
    end offsets: everything below them must have been read."""
    found = []
    acked, unsure = {}, set()
    for run in producers:
        for event in run.events:
            if event["name"] == "producer_send_success" and event["offset"] >= 0:
                place = (event["partition"], event["offset"])
                if place in acked:
                    found.append(f"two records were acknowledged at {place}")
                acked[place] = (event["key"], event["value"])
            elif event["name"] == "producer_send_error":
                unsure.add((event["key"], event["value"]))
    read = {}
    for run in consumers:
        for event in run.events:
            if event["name"] != "record_data":
                continue
            place, record = (event["partition"], event["offset"]), (event["key"], event["value"])
            if read.setdefault(place, record) != record:
                found.append(f"{run.name} read {record} at {place}, another time it was {read[place]}")
    killed_producers = any(run.end != "stopped" for run in producers)
    for place, record in sorted(acked.items()):
        if place not in read:
            found.append(f"{record} was acknowledged at {place} and never read")
        elif read[place] != record:
            found.append(f"{record} was acknowledged at {place}, {read[place]} was read")
    for place in sorted(read.keys() - acked.keys()):
        if read[place] not in unsure and not killed_producers:
            found.append(f"{read[place]} was read at {place} and never sent")
    for partition, end in sorted((ends or {}).items()):
        missing = sorted(set(range(start, end)) - {offset for number, offset in read if number == partition.partition})
        if missing:
            found.append(f"of {partition}, which ends at {end}, nobody read {missing[:5]}{' ...' if len(missing) > 5 else ''}")
    return found
