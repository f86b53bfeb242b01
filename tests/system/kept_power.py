# SPDX-License-Identifier: MIT
"""What is left of a lasting domain by a power failure, made up and looked at.

A domain changes files at random, syncs at times, and its monitor is killed. What the disk may hold
then is put together page by page from what the domain's overlay and objects held at the sync and at
moments after it, for each page by chance; and so is each file's size. From each such disk the domain
must start, give back every file that was synced, and be able to list and to change all the others.

Usage: kept_power.py MEZZO IMAGE ROUNDS: prints "DISKS disks, BAD bad", and what is bad.
"""
import json
import os
import random
import shutil
import signal
import struct
import subprocess
import sys

PAGE = 4096
LOG_WORD = 56	# struct overlay_header
SCRIPT = r"""
sum() { md5sum < "$1" | cut -c 1-8; }
make() {
	yes "$1" | head -c $2 > /w/stable/new
	mv /w/stable/new /w/stable/$1-$2-$(sum /w/stable/new)
}
while read -r what seed; do
	case $what in
	step)
		changes --no-sync $seed 40 /w/churn > /dev/null
		make a$seed 300; make b$seed 9000; make c$seed 200000
		echo "old $seed" >> /w/log
		;;
	sync) sync ;;
	past)
		i=0
		while [ $i -lt 8000 ]; do
			i=$((i + 1))
			: > /w/some-long-name-of-a-file-that-comes-and-goes-$i
			rm /w/some-long-name-of-a-file-that-comes-and-goes-$i
		done
		;;
	renames) renames 80000 80000 /w > /dev/null ;;
	verify)
		for file in /w/stable/*; do
			name=${file##*/}
			[ "$name" = "*" ] && continue
			[ $(sum $file) = ${name##*-} ] && echo "$name" || echo "lost $name"
		done
		grep -c old /w/log
		changes --list /w/churn | grep -i error
		changes --no-sync 99 200 /w/churn > /dev/null
		changes --list /w/churn | grep -i error
		rm -rf /w/churn || echo "rm failed"
		;;
	esac
	echo done
done
"""


class Domain:
	def __init__(self, mezzo, name):
		self.mezzo, self.name = mezzo, name
		self.process = subprocess.Popen([mezzo, "start", "-a", "-i", name], text=True,
						stdin=subprocess.PIPE, stdout=subprocess.PIPE,
						stderr=subprocess.STDOUT)

	def ask(self, command):
		lines = []
		try:
			self.process.stdin.write(command + "\n")
			self.process.stdin.flush()
		except BrokenPipeError:
			pass
		for line in self.process.stdout:
			if line == "done\n":
				return lines
			lines.append(line.strip())
		return lines + ["the domain ended"]

	def kill(self):
		told = subprocess.run([self.mezzo, "inspect", self.name], capture_output=True,
				      check=True)
		os.kill(json.loads(told.stdout)[0]["pid"], signal.SIGKILL)
		self.process.wait()

	def end(self):
		self.process.stdin.close()
		rest = self.process.stdout.read().split("\n")
		self.process.wait()
		return [line for line in rest if line]


def read_all(folder):
	"""The bytes of all files that a power failure concerns, by name."""
	files = {"overlay": open(f"{folder}/overlay", "rb").read()}
	for name in os.listdir(f"{folder}/objects"):
		files[f"objects/{name}"] = open(f"{folder}/objects/{name}", "rb").read()
	return files


def mix(states, name, chance):
	"""A file as the disk may have it: pages of any time since the sync."""
	versions = [state[name] for state in states if name in state]
	size = len(chance.choice(versions))
	pages = []
	for at in range(0, size, PAGE):
		able = [version for version in versions if len(version) > at] or [b""]
		page = chance.choice(able)[at:at + PAGE]
		pages.append(page.ljust(min(PAGE, size - at), b"\0")[:size - at])
	return b"".join(pages)


def write_disk(folder, states, chance):
	"""A disk after the failure. What was there at the sync is there in some version."""
	shutil.rmtree(f"{folder}/objects")
	os.mkdir(f"{folder}/objects", 0o700)
	for name in sorted(set().union(*states)):
		if name not in states[0] and chance.random() < 0.3:
			continue
		with open(f"{folder}/{name}", "wb") as file:
			file.write(mix(states, name, chance))


def stories(mezzo, image, chance, number):
	"""Runs a domain until it is killed. Its name and the states since the last sync."""
	name = f"power{number}"
	subprocess.run([mezzo, "create", "-i", name, image, "--", "sh", "-c", SCRIPT], check=True,
		       stdout=subprocess.DEVNULL)
	folder = f"{os.environ['MEZZO_STORE']}/domains/{name}"
	domain = Domain(mezzo, name)
	states = []
	for sync in range(chance.randint(1, 3)):
		for _ in range(chance.randint(1, 3)):
			domain.ask(f"step {chance.randint(1, 1 << 30)}")
		domain.ask("sync")
		states = [read_all(folder)]
	for _ in range(chance.randint(1, 4)):
		domain.ask(f"step {chance.randint(1, 1 << 30)}")
		states.append(read_all(folder))
	domain.kill()
	subprocess.run([mezzo, "wait", name], stdout=subprocess.DEVNULL, check=False)
	return name, folder, states


def rewriting(mezzo, image, chance, number, runs):
	"""A log that is written anew, at a start or while the domain runs, which the power failure interrupts."""
	name = f"anew{number}"
	subprocess.run([mezzo, "create", "-i", name, image, "--", "sh", "-c", SCRIPT], check=True,
		       stdout=subprocess.DEVNULL)
	folder = f"{os.environ['MEZZO_STORE']}/domains/{name}"
	domain = Domain(mezzo, name)
	domain.ask(f"step {chance.randint(1, 1 << 30)}")
	if not runs:
		domain.ask("past")
	domain.ask(f"step {chance.randint(1, 1 << 30)}")
	domain.ask("sync")
	if not runs:
		domain.end()
	before = read_all(folder)
	if not runs:
		domain = Domain(mezzo, name)
	domain.ask("renames" if runs else "nothing")
	after = read_all(folder)
	domain.kill()
	subprocess.run([mezzo, "wait", name], stdout=subprocess.DEVNULL, check=False)
	if after["overlay"][LOG_WORD:LOG_WORD + 8] == before["overlay"][LOG_WORD:LOG_WORD + 8]:
		print(f"log {number} was not written anew")
	return name, folder, before, after


def log_pages(overlay):
	"""The pages of an overlay's log: see boundary/overlay.h."""
	extent_pages = 4
	at = struct.unpack_from("<Q", overlay, LOG_WORD)[0] & (1 << 40) - 1
	pages = set(range(at // PAGE, at // PAGE + extent_pages))
	while True:
		size, _, kind, _ = struct.unpack_from("<IIII", overlay, at)
		if size < 16 or kind not in (1, 2, 3, 4):
			return pages
		if kind != 3:
			at += size
			continue
		at = struct.unpack_from("<Q", overlay, at + 16)[0]
		pages |= set(range(at // PAGE, at // PAGE + extent_pages))


def interrupted(folder, before, after, counts, chance):
	"""The header leads to the former log, which is as it was, until the new one is on disk."""
	write_disk(folder, [before, after], chance)
	with open(f"{folder}/overlay", "r+b") as file:
		for page in {0} | log_pages(counts["overlay"]):
			file.seek(page * PAGE)
			file.write(counts["overlay"][page * PAGE:(page + 1) * PAGE])


def look(mezzo, name):
	domain = Domain(mezzo, name)
	lines = domain.ask("verify")
	return lines + domain.end()


def main():
	mezzo, image, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
	disks = bad = 0
	for number in range(rounds):
		chance = random.Random(number)
		name, folder, states = stories(mezzo, image, chance, number)
		# Whatever was synced is what the disk has with nothing newer on it.
		write_disk(folder, states[:1], chance)
		synced = [line for line in look(mezzo, name) if line.startswith(("a", "b", "c"))]
		for variant in range(8):
			disks += 1
			write_disk(folder, states, chance)
			lines = look(mezzo, name)
			wrong = [line for line in lines if "rror" in line or "ended" in line or "failed" in line]
			wrong += [f"lost {line}" for line in synced if line not in lines]
			if wrong or not synced:
				bad += 1
				print(f"disk {number}.{variant}: {wrong[:4] or 'nothing was synced'}")
	for number in range(2 * max(rounds // 6, 1)):
		chance = random.Random(number)
		name, folder, before, after = rewriting(mezzo, image, chance, number, number % 2)
		write_disk(folder, [before], chance)
		synced = look(mezzo, name)
		for variant in range(8):
			disks += 1
			# While the domain runs, the new log may be on disk and the rest not.
			counts = after if number % 2 and variant % 2 else before
			interrupted(folder, before, after, counts, chance)
			lines = look(mezzo, name)
			if lines != synced:
				bad += 1
				print(f"log {number}.{variant}: {lines[:4]}")
	print(f"{disks} disks, {bad} bad")


main()
