# SPDX-License-Identifier: MIT
"""For image.sh: makes archives, good and bad ones, and compares trees with all attributes.

	image_archives.py make DIRECTORY
	image_archives.py compare LEFT RIGHT
"""
import gzip
import hashlib
import io
import json
import os
import stat
import sys
import tarfile


def digest(data):
    return hashlib.sha256(data).hexdigest()


def member(name, data=b"", **more):
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for key, value in more.items():
        setattr(info, key, value)
    return info, data


def tar(*members, form=tarfile.PAX_FORMAT):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for info, data in members:
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def directory(name):
    return member(name, type=tarfile.DIRTYPE, mode=0o755)


LAYERS = [
    tar(directory("dir"), member("dir/one", b"one"), member("same", b"same")),
    tar(directory("dir"), member("dir/.wh.one"), member("dir/two", b"two")),
]
CONFIG = {
    "created": "2020-01-02T03:04:05Z", "architecture": "amd64", "os": "linux",
    "config": {"Cmd": ["/bin/sh"], "Env": ["A=1"], "WorkingDir": "/work", "StopSignal": "SIGINT",
               "Labels": {"a": "b"}, "ExposedPorts": {"80/tcp": {}}, "User": "1:2"},
}


def text(value):
    return json.dumps(value).encode()


def config_of(layers, **changes):
    return text({**CONFIG, "rootfs": {"type": "layers", "diff_ids": ["sha256:" + digest(x) for x in layers]},
                 **changes})


def docker(layers=LAYERS, config=None, style="old", change=None, tags=("x:latest",)):
    config = config or config_of(layers)
    members, names = [], []
    for i, layer in enumerate(layers):
        folder = digest(b"id%d" % i)
        names.append(folder + "/layer.tar")
        if style == "linked" and i == 1:
            members.append(member("real/layer.tar", layer))
            members.append(member(names[-1], type=tarfile.SYMTYPE, linkname="../real/layer.tar"))
        elif style == "new":
            names[-1] = "blobs/sha256/" + digest(layer)
            members.append(member(names[-1], layer))
        else:
            members.append(member(names[-1], layer))
    name = "blobs/sha256/" + digest(config) if style == "new" else digest(config) + ".json"
    manifest = [{"Config": name, "RepoTags": list(tags), "Layers": names}]
    members.append(member(name, config))
    if change:
        members, manifest = change(members, manifest)
    return tar(member("repositories", b"{}"), *members, member("manifest.json", text(manifest)))


class Layout:
    """An OCI image layout, whose parts can be spoilt before it is packed."""

    def __init__(self, layers=LAYERS, pack=False, config=None, manifest_changes=None):
        self.blobs = {}
        kind = "application/vnd.oci.image.layer.v1.tar" + ("+gzip" if pack else "")
        self.layers = [self.add(gzip.compress(x) if pack else x, kind) for x in layers]
        self.config = self.add(config or config_of(layers), "application/vnd.oci.image.config.v1+json")
        self.manifest = self.add(text({"schemaVersion": 2, "config": self.config, "layers": self.layers,
                                       **(manifest_changes or {})}),
                                 "application/vnd.oci.image.manifest.v1+json")
        self.top = [self.manifest]

    def add(self, data, kind):
        self.blobs[digest(data)] = data
        return {"mediaType": kind, "digest": "sha256:" + digest(data), "size": len(data)}

    def add_index(self, descriptors):
        return self.add(text({"schemaVersion": 2, "manifests": descriptors}),
                        "application/vnd.oci.image.index.v1+json")

    def pack(self):
        blobs = [member("blobs/sha256/" + name, data) for name, data in self.blobs.items()]
        return tar(member("oci-layout", b'{"imageLayoutVersion":"1.0.0"}'), *blobs,
                   member("index.json", text({"schemaVersion": 2, "manifests": self.top})))


def nested():
    layout = Layout()
    other = {**layout.manifest, "digest": "sha256:" + "0" * 64,
             "platform": {"os": "linux", "architecture": "arm64"}}
    mine = {**layout.manifest, "platform": {"os": "linux", "architecture": "amd64"}}
    layout.top = [layout.add_index([other, mine])]
    return layout.pack()


def wide():
    """Six indexes, one below the other, each of which names the next 2,000 times."""
    layout = Layout()
    for _ in range(6):
        layout.top = [layout.add_index(layout.top * 2000)]
    return layout.pack()


def spoil(data, at, byte=b"!"):
    return data[:at] + byte + data[at + 1:]


def sparse_claim():
    """A sparse file of GNU tar, 10 GB large with 512 bytes in it."""
    header = bytearray(tar(member("claim", b""), form=tarfile.GNU_FORMAT)[:512])
    header[124:136] = b"%011o\0" % 512
    header[156:157] = b"S"
    header[386:410] = b"%011o\0%011o\0" % ((10 << 30) - 512, 512)
    header[483:495] = bytes([0x80]) + (10 << 30).to_bytes(11, "big")
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + b"x" * 512 + bytes(1024)


def bad_archives():
    """Name, bytes, and a pattern of the message."""
    link = {"type": tarfile.SYMTYPE}
    hard = {"type": tarfile.LNKTYPE}
    good = tar(member("first", b"1"), member("second", b"2"))
    yield "absolute.tar", tar(member("/etc/passwd", b"x")), "entry /etc/passwd: an absolute path"
    yield "up.tar", tar(member("a/../../x", b"x")), "entry a/../../x: a path with '..'"
    yield "hard-out.tar", tar(member("x", linkname="../../etc/passwd", **hard)), "entry x: a hard link"
    yield "hard-absolute.tar", tar(member("x", linkname="/etc/passwd", **hard)), "entry x: a hard link"
    yield "hard-missing.tar", tar(member("x", linkname="nowhere", **hard)), "entry x: a hard link: no entry 'nowhere'"
    yield "through-link.tar", tar(member("a", linkname="/etc", **link), member("a/passwd", b"x")), \
        "entry a/passwd: 'a' above it is a symbolic link absolute"
    yield "through-up.tar", tar(member("a", linkname="../..", **link), member("a/x", b"x")), \
        "entry a/x: 'a' above it is a symbolic link out of the tree"
    yield "through-file.tar", tar(member("a", b"x"), member("a/b", b"x")), "entry a/b: 'a': Not a directory"
    yield "name-256.tar", tar(member("n" * 256, b"x")), "a name of more than 255 bytes"
    yield "path-4096.tar", tar(member("abc/" * 1024, b"x")), "a path of more than 4095 bytes"
    yield "newline.tar", tar(member("/a\nb", b"x")), "entry /a?b: an absolute path"
    yield "sparse.tar", sparse_claim(), "entry claim: 10737418240 bytes are more than one file may have"
    yield "checksum.tar", spoil(good, 1024 + 3), "damaged"
    yield "checksum-first.tar", spoil(good, 3), "damaged, or no tar"
    yield "rubbish", bytes(range(256)) * 40, "damaged, or no tar"
    yield "empty", b"", "empty file"
    yield "packed-rubbish.gz", spoil(gzip.compress(good * 20), 60, b"\xff"), "damaged"
    yield "docker-digest.tar", docker(config=config_of([LAYERS[0], LAYERS[0]])), "should have sha256:"
    yield "docker-config.tar", docker(change=lambda m, l: (
        m[:-1] + [member(m[-1][0].name, config_of(LAYERS, created="2021-01-02T03:04:05Z"))], l)), "wrong digest"
    yield "docker-missing.tar", docker(change=lambda m, l: (m[1:], l)), "layer.tar: No such file"
    yield "docker-link-out.tar", docker(change=lambda m, l: (
        [member("a", linkname="../../etc/passwd", **link)] + m, l)), "entry a: a link out of the archive"
    yield "docker-link-circle.tar", docker(change=lambda m, l: (
        [member("a", linkname="a", **link)] + m, [{**l[0], "Layers": ["a", "a"]}])), "a: No such file"
    yield "docker-none.tar", docker(change=lambda m, l: (m, [])), "names no image"
    yield "arm.tar", Layout(config=config_of(LAYERS, architecture="arm64")).pack(), "for linux/arm64"
    yield "env.tar", Layout(config=config_of(LAYERS, config={"Env": [1]})).pack(), "Env is of a wrong type"
    yield "type.tar", Layout(manifest_changes={"layers": [
        {"mediaType": "x/y", "digest": "sha256:" + "0" * 64, "size": 1}]}).pack(), "type x/y is not known"
    yield "sha512.tar", Layout(manifest_changes={"config": {
        "mediaType": "x", "digest": "sha512:" + "0" * 128, "size": 1}}).pack(), "only sha256"
    for kind, part in (("layer", 0), ("config", 1), ("manifest", 2)):
        layout = Layout()
        wanted = (layout.layers[0], layout.config, layout.manifest)[part]["digest"][7:]
        blob = layout.blobs.pop(wanted)
        yield f"missing-{kind}.tar", layout.pack(), f"blob sha256:{wanted} is missing"
        layout.blobs[wanted] = blob + b" "
        yield f"size-{kind}.tar", layout.pack(), f"blob sha256:{wanted} has {len(blob) + 1} bytes"
        layout.blobs[wanted] = blob[:-1] + bytes([blob[-1] ^ 1])
        yield f"digest-{kind}.tar", layout.pack(), "digest"
    layout = Layout()
    layout.top = [{**layout.manifest, "platform": {"os": "linux", "architecture": "arm64"}}]
    yield "no-amd64.tar", layout.pack(), "no image for linux/amd64"
    for _ in range(9):
        layout.top = [layout.add_index([layout.manifest] if layout.top[0].get("platform") else layout.top)]
    yield "deep.tar", layout.pack(), "nested more than"
    layout = Layout()
    layout.top = [layout.add_index([{**layout.manifest, "annotations": {"number": str(i)}}])
                  for i in range(1001)]
    yield "indexes.tar", layout.pack(), "more than 1000 indexes"
    layout = Layout()
    name = digest(b"circle")
    layout.top = [{"mediaType": "application/vnd.oci.image.index.v1+json", "digest": "sha256:" + name, "size": 0}]
    circle = text({"manifests": layout.top})
    layout.blobs[name] = circle
    layout.top[0]["size"] = len(circle)
    yield "circle.tar", layout.pack(), "digest"
    yield "json.tar", tar(member("oci-layout", b"{}"), member("index.json", b"{")), "bad JSON"
    yield "json-depth.tar", tar(member("oci-layout", b"{}"), member("index.json", b"[" * 100)), "bad JSON"
    yield "no-index.tar", tar(member("oci-layout", b"{}")), "neither index.json"


def make(to):
    os.makedirs(to + "/bad")
    good = {
        "docker": docker(), "docker-linked": docker(style="linked"), "docker-new": docker(style="new"),
        "oci": Layout().pack(), "oci-nested": nested(), "oci-gzip": Layout(pack=True).pack(),
        "oci-wide": wide(),
        "small": tar(directory("d"), member("d/zeros", bytes(2000)), member("d/file", b"x" * 700),
                     member("d/link", type=tarfile.SYMTYPE, linkname="file"), member("last", b"")),
    }
    # Only the end mark, and no padding to a record behind it: each block that is cut off is missed.
    for name in ("small", "oci"):
        data = good[name].rstrip(b"\0")
        good[name] = data + bytes(-len(data) % 512 + 1024)
    two = docker(change=lambda m, l: (m, [l[0], {**l[0], "RepoTags": ["two:latest"]}]))
    good["docker-two"] = two
    for name, data in good.items():
        with open(f"{to}/{name}.tar", "wb") as out:
            out.write(data)
    with open(to + "/bad.list", "w", encoding="utf-8") as table:
        for name, data, pattern in bad_archives():
            with open(f"{to}/bad/{name}", "wb") as out:
                out.write(data)
            table.write(f"{name}|{pattern}\n")


def describe(path):
    status = os.lstat(path)
    told = [stat.filemode(status.st_mode), status.st_uid, status.st_gid, status.st_mtime_ns]
    if not stat.S_ISDIR(status.st_mode):
        told.append(status.st_nlink)
    if stat.S_ISREG(status.st_mode):
        with open(path, "rb") as data:
            told.append(hashlib.sha256(data.read()).hexdigest())
    if stat.S_ISLNK(status.st_mode):
        told.append(os.readlink(path))
    if stat.S_ISCHR(status.st_mode) or stat.S_ISBLK(status.st_mode):
        told.append(status.st_rdev)
    names = sorted(os.listxattr(path, follow_symlinks=False))
    told.append([(name, os.getxattr(path, name, follow_symlinks=False)) for name in names])
    return told


def compare(left, right):
    trees = []
    for root in (os.fsencode(left), os.fsencode(right)):
        found = {}
        for folder, folders, files in os.walk(root):
            for name in folders + files + ["."]:
                if isinstance(name, str):
                    name = os.fsencode(name)
                path = os.path.join(folder, name)
                found[os.path.relpath(path, root)] = describe(path)
        trees.append(found)
    wrong = 0
    for path in sorted(set(trees[0]) | set(trees[1])):
        if trees[0].get(path) != trees[1].get(path):
            print(path, trees[0].get(path), trees[1].get(path))
            wrong = 1
    return wrong


if sys.argv[1] == "make":
    make(sys.argv[2])
else:
    sys.exit(compare(sys.argv[2], sys.argv[3]))
