/* SPDX-License-Identifier: MIT */
/*
 * For tests/system/sockets.sh, static: does one thing with the socket of a path and says how it
 * went, as the number of an error or 0.
 *
 *	local_socket bind|connect|echo PATH
 *
 * bind leaves the path behind; echo serves one connection.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int echo(int listener)
{
	char text[64];
	int fd = listen(listener, 1) ? -1 : accept(listener, NULL, NULL);
	ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof(text));

	return size < 0 || write(fd, text, size) != size;
}

static int ask(int fd)
{
	char text[64];

	return write(fd, "ask", 3) != 3 || read(fd, text, sizeof(text)) != 3 ||
	       memcmp(text, "ask", 3);
}

int main(int argc, char **argv)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), failed;

	if (argc != 3 || fd < 0)
		return 2;
	strncpy(address.sun_path, argv[2], sizeof(address.sun_path) - 1);
	if (!strcmp(argv[1], "connect"))
		failed = connect(fd, (void *)&address, sizeof(address)) || ask(fd);
	else
		failed = bind(fd, (void *)&address, sizeof(address)) ||
			 (!strcmp(argv[1], "echo") && echo(fd));
	printf("%d\n", failed ? errno : 0);
	return 0;
}
