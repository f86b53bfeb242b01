# SPDX-License-Identifier: MIT
# gcc and g++: compile, link, run.
. "$(dirname "$0")/lib.sh"
in_domain
scratch

cat > hello.c << 'END'
#include <stdio.h>
int main(int argc, char **argv) { printf("hello %d %s\n", argc, argv[argc - 1]); return 7; }
END
cat > hello.cc << 'END'
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>
int main()
{
	std::map<std::string, int> m{{"a", 1}, {"b", 2}};
	int sum = 0;
	std::vector<std::thread> threads;
	for (int i = 0; i < 8; i++)
		threads.emplace_back([&sum, i] { __atomic_fetch_add(&sum, i, __ATOMIC_SEQ_CST); });
	for (auto &t : threads)
		t.join();
	try {
		throw std::runtime_error("thrown");
	} catch (const std::exception &e) {
		std::cout << e.what() << ' ' << m["b"] << ' ' << sum << '\n';
	}
}
END
prints "compile and run" "$(printf 'hello 2 x\n7')" 'gcc -O2 -o hello hello.c && { ./hello x; echo $?; }'
prints "static" "hello 1 ./static" 'gcc -static -o static hello.c && ./static || [ $? = 7 ]'
prints "static-pie" "hello 1 ./pie" 'gcc -static-pie -o pie hello.c && ./pie || [ $? = 7 ]'
prints "no PIE" "hello 1 ./nopie" 'gcc -no-pie -o nopie hello.c && ./nopie || [ $? = 7 ]'
prints "from a pipe to assembler" "hello 1 ./piped" 'gcc -pipe -o piped hello.c && ./piped || [ $? = 7 ]'
ends "compile error" 1 'echo "int main(" > bad.c; gcc bad.c'
ends "link error" 1 'echo "int f(void); int main(void) { return f(); }" > un.c; gcc un.c'
prints "shared library" "4" 'echo "int four(void) { return 4; }" > l.c; gcc -shared -fPIC -o libl.so l.c; printf "#include <stdio.h>\nint four(void); int main(void) { printf(\"%%d\\\\n\", four()); }\n" > u.c; gcc -o u u.c -L. -ll -Wl,-rpath,$PWD && ./u'
prints "dlopen" "4" 'printf "#include <dlfcn.h>\n#include <stdio.h>\nint main(void) { int (*f)(void) = dlsym(dlopen(\"./libl.so\", RTLD_NOW), \"four\"); printf(\"%%d\\\\n\", f()); }\n" > d.c; gcc -o d d.c && ./d'
prints "archive" "4" 'gcc -c l.c && ar rcs libs.a l.o && gcc -o us u.c libs.a && ./us'
prints "C++ with exceptions and threads" "thrown 2 28" 'g++ -O1 -o cc hello.cc -pthread && ./cc'
prints "debug information and strip" "ok" 'gcc -g -o dbg hello.c && strip dbg && file dbg | grep -q stripped && echo ok'
prints "preprocess" "ok" 'gcc -E hello.c | grep -q printf && echo ok'
prints "assemble and objdump" "ok" 'gcc -S hello.c && gcc -c hello.s && objdump -d hello.o | grep -q main && echo ok'
prints "LTO" "hello 1 ./lto" 'gcc -O2 -flto -o lto hello.c && ./lto || [ $? = 7 ]'
finish
