# SPDX-License-Identifier: MIT
"""Shows what a domain is doing, from gdb. Attach to any host process of the domain:

    gdb -iex 'set sysroot /' -p PID -x tools/gdb/mezzo-gdb.py
    (gdb) mezzo processes      the tree of processes, their threads, and the call each is at
    (gdb) mezzo locks          locks that are held, and by whom where the build knows it (DEBUG=1)
    (gdb) mezzo log            the last lines of the system layer's log

All of it is read from the heap, which every process of a domain maps at the same address; the other
processes run on meanwhile, so a list may change while it is read: each walk gives up after LIMIT steps.
"""

import os

import gdb

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LIMIT = 100000


def symbols_load(path):
    """Reads the system layer's symbols: it is linked at the address where it runs."""
    try:
        gdb.parse_and_eval("(long)&init_process")
    except gdb.error:
        gdb.execute("add-symbol-file " + path, to_string=True)


def call_names():
    """Names of system calls by number, from the table of which the layer itself is made."""
    names = {}
    with open(os.path.join(TOP, "system/syscall/syscalls.tbl"), encoding="ascii") as table:
        for line in table:
            words = line.split("\t")
            if words[0].isdigit():
                names[int(words[0])] = words[1].strip()
    return names


def list_entries(head, struct, member):
    """The structures on a struct list, given the list's head and their type."""
    offset = next(f.bitpos // 8 for f in struct.fields() if f.name == member)
    node = head["next"]
    for _ in range(LIMIT):
        if node == head.address:
            return
        yield gdb.Value(int(node) - offset).cast(struct.pointer()).dereference()
        node = node["next"]
    print("  (the list does not end: it is broken, or changes too fast)")


def process_threads(process):
    return list_entries(process["threads"], gdb.lookup_type("struct thread"), "process_node")


def process_children(process):
    # The type is not looked up: the monitor, which gdb reads too, has another of this name.
    return list_entries(process["children"], process.type.unqualified(), "sibling_node")


def processes_all(process, depth=0):
    """The process and all below it: pairs of depth and process."""
    yield depth, process
    for child in process_children(process):
        yield from processes_all(child, depth + 1)


def signals_text(mask):
    numbers = [str(n + 1) for n in range(64) if int(mask) >> n & 1]
    return ",".join(numbers) if numbers else "none"


def thread_text(thread, names):
    number = int(thread["syscall_number"])
    call = names.get(number, "call %d" % number)
    state = "waits in" if int(thread["parked"]) else "at or after"
    text = "thread %d (host %d) %s %s" % (thread["tid"], thread["host_tid"], state, call)
    if int(thread["regs"]):
        text += ", program at %#x" % int(thread["regs"]["rip"])
    if int(thread["player"]):
        text += ", stands in for one that plays its vfork child"
    if int(thread["pending"]):
        text += ", pending " + signals_text(thread["pending"])
    if int(thread["work"]):
        text += ", work %#x" % int(thread["work"])
    return text


def process_text(process):
    state = str(process["state"]).replace("PROCESS_", "").lower()
    path = process["exe_path"]
    text = "%d %s" % (process["pid"], path.string() if int(path) else "-")
    text += " (%s, group %d, session %d)" % (state, process["pgid"], process["sid"])
    if process["stopped"]:
        text += " stopped"
    if int(process["pending"]):
        text += " pending " + signals_text(process["pending"])
    return text


def init_process():
    return gdb.parse_and_eval("init_process").dereference()


def locks_static():
    """Names and values of all locks that are variables of the layer."""
    seen = set()
    listing = gdb.execute("info variables -q -t ^struct.lock$", to_string=True)
    for line in listing.splitlines():
        words = line.replace(";", "").split()
        if len(words) < 4 or not words[0].endswith(":") or words[-1] in seen:
            continue
        seen.add(words[-1])
        yield words[-1], gdb.parse_and_eval(words[-1])


def locks_of_processes():
    for _, process in processes_all(init_process()):
        prefix = "process %d: " % process["pid"]
        yield prefix + "signal_lock", process["signal_lock"]
        yield prefix + "exec_lock", process["exec_lock"]
        if int(process["mm"]):
            yield prefix + "mm lock", process["mm"]["lock"]
            yield prefix + "stub_lock", process["mm"]["stub_lock"]


def lock_text(name, lock):
    text = "%s (%s)" % (name, lock["rank"].cast(gdb.lookup_type("enum lock_rank")))
    if int(lock["owner_tid"]):
        text += ", thread %d holds it" % lock["owner_tid"]
    if int(lock["state"]) == 2:
        text += ", somebody sleeps on it"
    return text


class Mezzo(gdb.Command):
    """Looks at a domain of Mezzo: mezzo processes, mezzo locks, mezzo log."""

    def __init__(self):
        super().__init__("mezzo", gdb.COMMAND_STATUS, prefix=True)


class MezzoProcesses(gdb.Command):
    """The tree of the domain's processes, their threads, and the call each is at."""

    def __init__(self):
        super().__init__("mezzo processes", gdb.COMMAND_STATUS)

    def invoke(self, argument, from_tty):
        names = call_names()
        for depth, process in processes_all(init_process()):
            print("  " * depth + process_text(process))
            for thread in process_threads(process):
                print("  " * depth + "    " + thread_text(thread, names))


class MezzoLocks(gdb.Command):
    """Locks that are held now; with DEBUG=1 also what each thread holds, in order."""

    def __init__(self):
        super().__init__("mezzo locks", gdb.COMMAND_STATUS)

    def invoke(self, argument, from_tty):
        held = 0
        for source in (locks_static(), locks_of_processes()):
            for name, lock in source:
                if int(lock["state"]):
                    held += 1
                    print(lock_text(name, lock))
        for _, process in processes_all(init_process()):
            for thread in process_threads(process):
                for i in range(int(thread["held_count"])):
                    lock = thread["held"][i]
                    held += 1
                    print("thread %d holds %s" % (thread["tid"], lock_text(str(lock), lock)))
        if not held:
            print("no lock is held")


class MezzoLog(gdb.Command):
    """The last lines of the system layer's log, whether mezzo has printed them or not."""

    def __init__(self):
        super().__init__("mezzo log", gdb.COMMAND_STATUS)

    def invoke(self, argument, from_tty):
        channel = gdb.parse_and_eval("(struct channel *)%d" % self.channel_base())
        ring_size = channel["log_data"].type.sizeof
        head = int(channel["log"]["head"])
        data = bytes(gdb.selected_inferior().read_memory(
            int(channel["log_data"].address), ring_size))
        turned = data[head % ring_size:] + data[:head % ring_size]
        lines = turned[-min(head, ring_size):] if head else b""
        print("\n".join(lines.decode("utf-8", "replace").splitlines()[-50:]))

    @staticmethod
    def channel_base():
        """CHANNEL_BASE of boundary/layout.h, which is a macro and so not among the symbols."""
        with open(os.path.join(TOP, "boundary/layout.h"), encoding="ascii") as header:
            for line in header:
                words = line.split(None, 2)
                if words[:2] == ["#define", "LAYER_BASE"]:
                    base = int(words[2].rstrip("ul\n"), 16)
                if words[:2] == ["#define", "CHANNEL_BASE"]:
                    return base + int(words[2].split("+")[1].strip(" )ul\n"), 16)
        raise gdb.GdbError("boundary/layout.h has no CHANNEL_BASE")


symbols_load(os.path.join(TOP, os.environ.get("BUILD", "build"), "mezzo-system"))
Mezzo()
MezzoProcesses()
MezzoLocks()
MezzoLog()
