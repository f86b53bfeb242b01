#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Damages the tables of a store in many ways, and looks at what verbs and a repair make of each.

usage: heal.py MEZZO MEZZO-IMAGE STORE COUNT

STORE has images and, where MEZZO is given, a domain `kept` that prints the same at each start. COUNT
is how many bits turn, one store each; "all" takes eight of each page. Prints one line for each
failure, and how many there are.
"""
import glob
import hashlib
import os
import random
import re
import shutil
import signal
import subprocess
import sys

PAGE = 4096
mezzo, tool, whole, count = sys.argv[1:5]
store = whole + ".damaged"
tables = store + "/tables/data.mdb"
failures = 0


def run(*words, program=None):
    """Status (negative: a signal) and output of `mezzo-image`, which has a limit."""
    env = dict(os.environ, MEZZO_STORE=store)
    name = "mezzo store" if program is None else program
    try:
        done = subprocess.run([name, *words], executable=mezzo if program == "mezzo" else tool, env=env,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=20)
    except subprocess.TimeoutExpired:
        return -signal.SIGKILL, b""
    return done.returncode, done.stdout


def contents(folder):
    """The hashes of all objects, those that were put aside too."""
    found = set()
    for path in glob.glob(folder + "/objects/*/*") + glob.glob(folder + "/lost/*"):
        with open(path, "rb") as file:
            found.add(hashlib.sha256(file.read()).digest())
    return found


def images():
    status, text = run("ls", "--json", program="mezzo image")
    return set(re.findall(rb'"name":"([^"]+)"', text)) if not status else set()


def exported(name):
    return run("export", name.decode(), "-", program="mezzo image")


def fail(what, text, output=b""):
    global failures
    failures += 1
    print("%s: %s" % (what, text))
    lines = output.decode(errors="replace").splitlines()
    for line in lines if len(lines) < 24 else lines[:12] + lines[-12:]:
        print("    " + line)


def copy_whole():
    shutil.rmtree(store, ignore_errors=True)
    subprocess.run(["cp", "-a", whole, store], check=True)


def look(what):
    """All that must hold of one damaged store."""
    status, output = run("fsck")
    if status not in (0, 4):
        fail(what, "fsck ends with %d" % status, output)
    was_sound = status == 0
    for words in (("ls",), ("show", "box"), ("tag", "box", "tagged"), ("rm", "tagged")):
        status, output = run(*words, program="mezzo image")
        if status not in (0, 1, 125) or (status and output.count(b"\n") != 1):
            fail(what, "%s ends with %d" % (words[0], status), output)
    status, repair = run("fsck", "--repair")
    if status not in (0, 1, 4):
        fail(what, "the repair ends with %d" % status, repair)
        return
    status, again = run("fsck")
    named = set(re.findall(rb"^(?:the image of )?(?:image|domain) (\S+): .* (?:lost|damaged)", again, re.M))
    if status not in (0, 4) or (status == 4 and not named):
        fail(what, "after the repair fsck ends with %d" % status, repair + b"--\n" + again)
    have = images()
    for name, tar in sound.items():
        if name in named:
            continue
        if name not in have:
            fail(what, "image %s is gone, and not named" % name.decode(), repair + b"--\n" + again)
        elif exported(name) != tar:
            fail(what, "image %s has changed, and is not named" % name.decode(), repair + b"--\n" + again)
    # Without its last commit a store is as it was before that.
    if have - set(sound) and b"names a commit" not in repair:
        fail(what, "there are new images", repair)
    if objects - contents(store):
        fail(what, "%d intact objects are deleted" % len(objects - contents(store)), repair)
    if mezzo and run("start", "-a", "kept", program="mezzo") != domain and b"kept" not in named:
        fail(what, "the domain has changed, and is not named", repair + b"--\n" + again)
    return was_sound


def damages():
    """Functions that damage the bytes of the tables, with their names."""
    size = os.path.getsize(whole + "/tables/data.mdb")
    chance = random.Random(int(os.environ.get("HEAL_SEED", "1")))

    def turn(bits):
        def work(data):
            for bit in bits:
                data[bit // 8] ^= 1 << bit % 8
            return data
        return work

    if count == "all":
        for page in range(size // PAGE):
            # The page's own head, offsets, and anywhere.
            for first, last in ((0, 16), (0, 16), (16, 200), (16, 200), (16, PAGE), (16, PAGE), (16, PAGE), (16, PAGE)):
                bit = (page * PAGE + chance.randrange(first, last)) * 8 + chance.randrange(8)
                yield "bit %d of byte %d" % (bit % 8, bit // 8), turn([bit])
    else:
        pages = list(range(size // PAGE))
        for i in range(int(count)):
            page = pages[i % len(pages)]
            bit = (page * PAGE + chance.choice((chance.randrange(160), chance.randrange(PAGE)))) * 8 + \
                chance.randrange(8)
            yield "bit %d of byte %d" % (bit % 8, bit // 8), turn([bit])
    for i in range(4 if count != "all" else 100):
        page = chance.randrange(size // PAGE)
        bits = [(page * PAGE + chance.randrange(PAGE)) * 8 + chance.randrange(8) for _ in range(5)]
        yield "bits %s" % bits, turn(bits)
    step = 1 if count == "all" else max(1, size // PAGE // 3)
    for page in range(0, size // PAGE, step):
        yield "page %d is zero" % page, \
            lambda data, page=page: data[:page * PAGE] + bytearray(PAGE) + data[(page + 1) * PAGE:]
    for page in list(range(0, size // PAGE, step)) + [size // PAGE - 1]:
        yield "cut to %d pages" % page, lambda data, page=page: data[:page * PAGE]
    yield "cut in a page", lambda data: data[:size - 100]
    yield "cut to 100 bytes", lambda data: data[:100]


copy_whole()
sound = {name: exported(name) for name in images()}
objects = contents(store)
domain = run("start", "-a", "kept", program="mezzo") if mezzo else None
made = unseen = 0
assert sound and all(not tar[0] for tar in sound.values())
for what, work in damages():
    copy_whole()
    with open(tables, "rb") as file:
        data = work(bytearray(file.read()))
    with open(tables, "wb") as file:
        file.write(data)
    unseen += bool(look(what))
    made += 1
    if os.environ.get("HEAL_KEEP") and failures:
        sys.exit("kept: " + store)
shutil.rmtree(store, ignore_errors=True)
assert made > 20 and unseen < made
print("%d failures" % failures)
print("# %d stores; of %d the damage was where nothing is" % (made, unseen), file=sys.stderr)
