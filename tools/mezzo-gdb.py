# SPDX-License-Identifier: MIT
"""
Looks into a running domain with gdb. Attach to any host process of the domain:

    gdb -p PID -ex 'source tools/mezzo-gdb.py'

and use
    mezzo-ps             processes and threads, with the call each is in
    mezzo-locks          locks that are held, and by whom where a debug build knows
    mezzo-stack TID      what the kernel stack of a thread says about the functions it is in

All state of a domain is in its heap, which each of its processes has mapped at one address: so one process
shows all of them. Build with `make DEBUG=1` to see the holders of locks.
"""
import os

import gdb

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
WORK = {1: "signal", 2: "exit", 4: "trace"}


def load_symbols():
    gdb.execute("symbol-file " + os.path.join(TOP, "build", "mezzo-system"), to_string=True)


def evaluate(text):
    return gdb.parse_and_eval(text)


def entries(head, type_name, member):
    """The structures that a struct list links, one after the other."""
    kind = gdb.lookup_type(type_name)
    field = next(f for f in kind.fields() if f.name == member)
    start = int(head.address)
    node = int(head["next"])
    for _ in range(100000):
        if node in (start, 0):
            return
        yield gdb.Value(node - field.bitpos // 8).cast(kind.pointer()).dereference()
        node = int(gdb.Value(node).cast(gdb.lookup_type("struct list").pointer())["next"])


def processes():
    """All processes, parents before their children."""
    waiting = [evaluate("init_process").dereference()]
    while waiting:
        process = waiting.pop(0)
        yield process
        waiting.extend(entries(process["children"], "struct process", "sibling_node"))


def threads(process):
    return entries(process["threads"], "struct thread", "process_node")


def call_name(number):
    if number >= 463:
        return "-"
    name = evaluate("trace_table[%d].name" % number)
    return name.string() if int(name) else "-"


def thread_state(thread):
    if int(thread["parked"]):
        return "parked"
    held = int(thread["held_count"])
    return "holds %d" % held if held else "runs"


def thread_name(thread):
    return thread["name"].string(length=16).split("\0")[0]


class Ps(gdb.Command):
    """Processes and threads of the domain, with the call each is in."""

    def __init__(self):
        super().__init__("mezzo-ps", gdb.COMMAND_STATUS)

    def invoke(self, argument, from_tty):
        load_symbols()
        states = ["running", "zombie", "dead"]
        for process in processes():
            parent = process["parent"]
            print("process %d, parent %s, group %d, session %d, host %d: %s" % (
                int(process["pid"]), int(parent["pid"]) if int(parent) else "-",
                int(process["pgid"]), int(process["sid"]), int(process["host_tgid"]),
                states[int(process["state"])]))
            for thread in threads(process):
                work = int(thread["work"])
                flags = " ".join(name for bit, name in WORK.items() if work & bit)
                print("    thread %d (%s), host %d: %s, last call %s%s" % (
                    int(thread["tid"]), thread_name(thread), int(thread["host_tid"]),
                    thread_state(thread), call_name(int(thread["syscall_number"])),
                    ", work: " + flags if flags else ""))


def lock_variables():
    for line in gdb.execute("info variables -q -t ^struct.lock$", to_string=True).splitlines():
        words = line.rstrip(";").split()
        if len(words) >= 2 and words[0].rstrip(":").isdigit():
            yield words[-1]


class Locks(gdb.Command):
    """Locks that are held: the domain-wide ones, and what each thread holds in a debug build."""

    def __init__(self):
        super().__init__("mezzo-locks", gdb.COMMAND_STATUS)

    def invoke(self, argument, from_tty):
        load_symbols()
        states = {1: "held", 2: "held, others wait"}
        for name in lock_variables():
            try:
                lock = evaluate(name)
                state = int(lock["state"])
            except (gdb.error, gdb.MemoryError):
                continue
            if state:
                print("%s: %s" % (name, states.get(state, "broken: %d" % state)))
        for process in processes():
            for thread in threads(process):
                for i in range(min(int(thread["held_count"]), 16)):
                    lock = thread["held"][i]
                    rank = lock["rank"].cast(gdb.lookup_type("enum lock_rank"))
                    print("thread %d holds %s at %#x: %s" % (
                        int(thread["tid"]), rank, int(lock),
                        states.get(int(lock["state"]), "free")))


class Stack(gdb.Command):
    """mezzo-stack TID: the layer's stack of a thread, as far as its kernel stack shows it."""

    def __init__(self):
        super().__init__("mezzo-stack", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        load_symbols()
        wanted = int(argument)
        for process in processes():
            for thread in threads(process):
                if int(thread["tid"]) == wanted:
                    self.show(thread)

    def show(self, thread):
        """Every word of the kernel stack that is an address behind a call in the layer's text."""
        top = int(thread["kernel_stack_top"])
        low, high = int(evaluate("&layer_text_start")), int(evaluate("&layer_text_end"))
        words = gdb.selected_inferior().read_memory(top - 4096, 4096).cast("Q")
        for index, word in enumerate(words):
            if low <= word < high:
                print("%#x  %s" % (top - 4096 + 8 * index,
                                   gdb.execute("info symbol %#x" % word, to_string=True).strip()))


Ps()
Locks()
Stack()
