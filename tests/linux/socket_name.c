/* SPDX-License-Identifier: MIT */
/* Names of local sockets: paths, abstract ones, chosen ones; binding and finding. */
#include "tests/linux/socket.h"

#include <sys/mman.h>

TEST(socket_makes_what_it_is_asked_for)
{
	static const struct { int family, type, protocol, error; } bad[] = {
		{ AF_UNIX, SOCK_STREAM | 0x100000, 0, EINVAL },
		{ AF_UNIX, 0, 0, ESOCKTNOSUPPORT },
		{ AF_UNIX, SOCK_RDM, 0, ESOCKTNOSUPPORT },
		{ AF_UNIX, 15, 0, EINVAL },
		{ AF_UNIX, SOCK_STREAM, 2, EPROTONOSUPPORT },
		{ AF_UNIX, SOCK_STREAM, -1, EPROTONOSUPPORT },
		{ 0, SOCK_STREAM, 0, EAFNOSUPPORT },
		{ -1, SOCK_STREAM, 0, EAFNOSUPPORT },
		{ 4711, SOCK_STREAM, 0, EAFNOSUPPORT },
		{ 4711, 15, 0, EAFNOSUPPORT },
	};
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };
	struct stat status;

	for (size_t i = 0; i < COUNT(bad); i++)
		FAILS(socket(bad[i].family, bad[i].type, bad[i].protocol), bad[i].error);
	for (size_t i = 0; i < COUNT(types); i++) {
		int fd = socket(AF_UNIX, types[i] | SOCK_CLOEXEC | SOCK_NONBLOCK, AF_UNIX);

		OK(fd);
		EQUAL(fcntl(fd, F_GETFD), FD_CLOEXEC);
		EQUAL(fcntl(fd, F_GETFL), O_RDWR | O_NONBLOCK);
		EQUAL(option_of(fd, SO_TYPE), types[i]);
		OK(fstat(fd, &status));
		EQUAL(status.st_mode, S_IFSOCK | 0777);
		EQUAL(status.st_size, 0);
	}
	EQUAL(option_of(make_socket(SOCK_RAW), SO_TYPE), SOCK_DGRAM);
}

TEST(socket_bind_makes_a_socket_in_the_tree)
{
	struct stat status;
	int fd = make_socket(SOCK_STREAM);

	umask(027);
	OK(bind_to(fd, "s"));
	OK(lstat("s", &status));
	EQUAL(status.st_mode, S_IFSOCK | 0750);
	EQUAL(status.st_uid, geteuid());
	EQUAL(status.st_nlink, 1);
	FAILS(open("s", O_RDWR), ENXIO);
	FAILS(bind_to(fd, "t"), EINVAL);
	FAILS(access("t", F_OK), ENOENT);
	FAILS(bind_to(make_socket(SOCK_STREAM), "s"), EADDRINUSE);
	OK(close(fd));
	FAILS(bind_to(make_socket(SOCK_STREAM), "s"), EADDRINUSE);
	OK(unlink("s"));
	OK(bind_to(make_socket(SOCK_STREAM), "s"));
}

TEST(socket_bind_takes_the_mode_of_the_descriptor)
{
	struct stat status;
	int fd = make_socket(SOCK_STREAM);

	OK(fchmod(fd, 0600));
	OK(bind_to(fd, "s"));
	OK(stat("s", &status));
	EQUAL(status.st_mode, S_IFSOCK | 0600);
}

TEST(socket_bind_refuses)
{
	static const struct { const char *path; int error; } paths[] = {
		{ "none/s", ENOENT }, { "file/s", ENOTDIR }, { "file", EADDRINUSE },
		{ ".", EADDRINUSE }, { "dir", EADDRINUSE }, { "link", EADDRINUSE },
		{ "new/", ENOENT }, { "/", EADDRINUSE },
	};
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "x" };
	static const struct { int size, family, error; } sizes[] = {
		{ 0, AF_UNIX, EINVAL }, { 1, AF_UNIX, EINVAL }, { 3, AF_INET, EINVAL },
		{ 2, AF_INET, EINVAL }, { 111, AF_UNIX, EINVAL }, { -1, AF_UNIX, EINVAL },
		{ 129, AF_UNIX, EINVAL },
	};
	char big[200] = "";
	int fd = make_socket(SOCK_STREAM);

	test_write_file("file", "");
	OK(mkdir("dir", 0755));
	OK(symlink("nowhere", "link"));
	for (size_t i = 0; i < COUNT(paths); i++)
		FAILS(bind_to(fd, paths[i].path), paths[i].error);
	for (size_t i = 0; i < COUNT(sizes); i++) {
		memcpy(big, &address, sizeof(address));
		*(sa_family_t *)big = sizes[i].family;
		FAILS(bind(fd, (void *)big, sizes[i].size), sizes[i].error);
	}
	FAILS(bind(fd, (void *)8, sizeof(address)), EFAULT);
	FAILS(bind(-1, (void *)&address, sizeof(address)), EBADF);
	FAILS(bind(0, (void *)&address, 5), ENOTSOCK);
}

TEST(socket_path_may_fill_the_address)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct { struct sockaddr_un address; char more[10]; } got;
	socklen_t size = sizeof(got);
	int fd = make_socket(SOCK_STREAM);

	memset(address.sun_path, 'p', sizeof(address.sun_path));
	OK(bind(fd, (void *)&address, sizeof(address)));
	OK(getsockname(fd, (void *)&got, &size));
	EQUAL(size, sizeof(address) + 1);
	OK(listen(fd, 1));
	OK(connect(make_socket(SOCK_STREAM), (void *)&address, sizeof(address)));
}

TEST(socket_name_is_told)
{
	struct sockaddr_un got;
	socklen_t size = sizeof(got);
	int fd = make_socket(SOCK_STREAM);

	OK(getsockname(fd, (void *)&got, &size));
	EQUAL(size, sizeof(sa_family_t));
	EQUAL(got.sun_family, AF_UNIX);
	FAILS(getpeername(fd, (void *)&got, &size), ENOTCONN);
	OK(bind_to(fd, "name"));
	size = sizeof(got);
	OK(getsockname(fd, (void *)&got, &size));
	EQUAL(size, sizeof(sa_family_t) + 5);
	SAME(got.sun_path, "name");
	memset(&got, 'x', sizeof(got));
	size = 4;
	OK(getsockname(fd, (void *)&got, &size));
	EQUAL(size, sizeof(sa_family_t) + 5);
	CHECK(!memcmp(got.sun_path, "naxx", 4));
	size = -1;
	FAILS(getsockname(fd, (void *)&got, &size), EINVAL);
	FAILS(getsockname(fd, (void *)&got, (void *)8), EFAULT);
	size = sizeof(got);
	FAILS(getsockname(fd, (void *)8, &size), EFAULT);
	FAILS(getsockname(0, (void *)&got, &size), ENOTSOCK);
	FAILS(getsockname(99, (void *)&got, &size), EBADF);
}

TEST(socket_abstract_names_are_of_a_type)
{
	char text[64];
	int fd = make_socket(SOCK_STREAM), other;

	snprintf(text, sizeof(text), "@mezzo-%d", getpid());
	OK(bind_to(fd, text));
	FAILS(bind_to(make_socket(SOCK_STREAM), text), EADDRINUSE);
	OK(bind_to(make_socket(SOCK_DGRAM), text));
	FAILS(connect_to(make_socket(SOCK_STREAM), text), ECONNREFUSED);
	FAILS(connect_to(make_socket(SOCK_SEQPACKET), text), ECONNREFUSED);
	OK(listen(fd, 1));
	other = make_client(SOCK_STREAM, text);
	OK(close(fd));
	OK(close(other));
	FAILS(connect_to(make_socket(SOCK_STREAM), text), ECONNREFUSED);
	OK(bind_to(make_socket(SOCK_STREAM), text));
}

TEST(socket_bind_without_a_name_chooses_one)
{
	struct sockaddr_un first, second;
	socklen_t size = sizeof(first);
	int fd = make_socket(SOCK_DGRAM);

	OK(bind_to(fd, ""));
	OK(getsockname(fd, (void *)&first, &size));
	EQUAL(size, sizeof(sa_family_t) + 6);
	EQUAL(first.sun_path[0], 0);
	for (int i = 1; i < 6; i++)
		CHECK(strchr("0123456789abcdef", first.sun_path[i]));
	OK(bind_to(fd, ""));
	OK(getsockname(fd, (void *)&second, &size));
	CHECK(!memcmp(&first, &second, size));
	OK(bind_to(fd = make_socket(SOCK_DGRAM), ""));
	OK(getsockname(fd, (void *)&second, &size));
	CHECK(memcmp(&first, &second, size));
}

TEST(socket_connect_refuses)
{
	static const struct { const char *path; int error; } paths[] = {
		{ "none", ENOENT }, { "file/s", ENOTDIR }, { "file", ECONNREFUSED },
		{ ".", ECONNREFUSED }, { "dead", ECONNREFUSED }, { "bound", ECONNREFUSED },
		{ "datagrams", EPROTOTYPE }, { "packets", EPROTOTYPE }, { "@nobody", ECONNREFUSED },
		{ "made", ECONNREFUSED }, { "loop", ELOOP },
	};
	struct name name = name_of("listener");
	int fd = make_socket(SOCK_STREAM);

	test_write_file("file", "");
	OK(symlink("loop", "loop"));
	OK(mknod("made", S_IFSOCK | 0777, 0));
	OK(close(make_bound(SOCK_STREAM, "dead")));
	make_bound(SOCK_STREAM, "bound");
	make_bound(SOCK_DGRAM, "datagrams");
	make_listener(SOCK_SEQPACKET, "packets", 1);
	make_listener(SOCK_STREAM, "listener", 1);
	for (size_t i = 0; i < COUNT(paths); i++)
		FAILS(connect_to(fd, paths[i].path), paths[i].error);
	FAILS(connect(fd, ADDRESS(&name), 2), EINVAL);
	FAILS(connect(fd, ADDRESS(&name), 0), EINVAL);
	FAILS(connect(fd, ADDRESS(&name), 111), EINVAL);
	FAILS(connect(fd, (void *)8, 10), EFAULT);
	FAILS(connect(0, ADDRESS(&name), name.size), ENOTSOCK);
	FAILS(connect(-1, ADDRESS(&name), name.size), EBADF);
	name.address.sun_family = AF_UNSPEC;
	FAILS(connect(fd, ADDRESS(&name), name.size), EINVAL);
	OK(connect_to(fd, "listener"));
	FAILS(connect_to(fd, "listener"), EISCONN);
	FAILS(connect_to(fd, "none"), ENOENT);
	FAILS(connect_to(make_listener(SOCK_STREAM, "l2", 1), "listener"), EINVAL);
}

TEST(socket_connect_needs_permission_to_write)
{
	if (geteuid())
		test_skip("not root");
	OK(chmod(".", 0755));
	make_listener(SOCK_STREAM, "s", 3);
	make_bound(SOCK_DGRAM, "d");
	OK(chmod("s", 0755));
	OK(chmod("d", 0755));
	IN_CHILD(OK(setresuid(1000, 1000, 1000));
		 FAILS(connect_to(make_socket(SOCK_STREAM), "s"), EACCES);
		 FAILS(connect_to(make_socket(SOCK_DGRAM), "d"), EACCES);
		 FAILS(bind_to(make_socket(SOCK_STREAM), "new"), EACCES));
	OK(chmod("s", 0722));
	IN_CHILD(OK(setresuid(1000, 1000, 1000));
		 OK(connect_to(make_socket(SOCK_STREAM), "s")));
}

TEST(socket_path_can_be_renamed_linked_and_removed)
{
	int fd = make_listener(SOCK_STREAM, "s", 5);
	struct sockaddr_un got;
	socklen_t size = sizeof(got);
	int client;

	OK(rename("s", "t"));
	FAILS(connect_to(make_socket(SOCK_STREAM), "s"), ENOENT);
	client = make_client(SOCK_STREAM, "t");
	OK(link("t", "u"));
	make_client(SOCK_STREAM, "u");
	OK(symlink("u", "v"));
	make_client(SOCK_STREAM, "v");
	OK(getpeername(client, (void *)&got, &size));
	SAME(got.sun_path, "s");
	OK(unlink("t"));
	OK(unlink("u"));
	FAILS(connect_to(make_socket(SOCK_STREAM), "t"), ENOENT);
	OK(accept(fd, NULL, NULL));
	OK(accept(fd, NULL, NULL));
	OK(accept(fd, NULL, NULL));
}

TEST(socket_descriptor_has_a_name_in_proc)
{
	char path[64], text[64] = "", wanted[64];
	struct stat status;
	int fd = make_socket(SOCK_STREAM);

	OK(fstat(fd, &status));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	snprintf(wanted, sizeof(wanted), "socket:[%lu]", (unsigned long)status.st_ino);
	OK(readlink(path, text, sizeof(text) - 1));
	SAME(text, wanted);
	FAILS(open(path, O_RDWR), ENXIO);
	FAILS(lseek(fd, 0, SEEK_SET), ESPIPE);
	FAILS(pread(fd, text, 1, 0), ESPIPE);
	CHECK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED);
	EQUAL(errno, ENODEV);
	FAILS(ftruncate(fd, 0), EINVAL);
	FAILS(fsync(fd), EINVAL);
}

TEST(socket_list_in_proc)
{
	char cwd[256], path[300], line[400], wanted[400];
	struct stat status;
	int fd = make_socket(SOCK_SEQPACKET);
	FILE *list;
	bool found = false;

	CHECK(getcwd(cwd, sizeof(cwd)));
	snprintf(path, sizeof(path), "%s/s", cwd);
	OK(bind_to(fd, path));
	OK(listen(fd, 1));
	OK(fstat(fd, &status));
	snprintf(wanted, sizeof(wanted), ": 00000002 00000000 00010000 0005 01 %5lu %s\n",
		 (unsigned long)status.st_ino, path);
	list = fopen("/proc/net/unix", "r");
	CHECK(list);
	CHECK(fgets(line, sizeof(line), list));
	SAME(line, "Num       RefCount Protocol Flags    Type St Inode Path\n");
	while (fgets(line, sizeof(line), list))
		found |= !strcmp(strchr(line, ':'), wanted);
	CHECK(found);
	fclose(list);
}
