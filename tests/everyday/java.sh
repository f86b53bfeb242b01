# SPDX-License-Identifier: MIT
# Java: the compiler, threads under each collector, what the machine knows of processors and memory.
. "$(dirname "$0")/lib.sh"
needs_programs java javac

cat > files/Threads.java << 'END'
import java.util.*;
import java.util.concurrent.*;

public class Threads {
	static long work(int n) {
		long sum = 0;
		for (int k = 0; k < 2000; k++) {
			byte[] bytes = new byte[1024];
			bytes[k % 1024] = (byte) n;
			sum += bytes[k % 1024] & 0xff;
		}
		return sum;
	}

	public static void main(String[] arguments) throws Exception {
		List<Thread> threads = new ArrayList<>();
		ConcurrentHashMap<Integer, Long> sums = new ConcurrentHashMap<>();
		for (int i = 0; i < 200; i++) {
			final int n = i;
			Thread thread = new Thread(() -> sums.put(n, work(n)));
			threads.add(thread);
			thread.start();
		}
		for (Thread thread : threads)
			thread.join();
		System.gc();
		System.out.println(sums.size() + " " + sums.values().stream().mapToLong(Long::longValue).sum());
	}
}
END
cat > files/Facts.java << 'END'
import java.nio.file.*;

class Facts {
	public static void main(String[] arguments) throws Exception {
		System.out.println(Runtime.getRuntime().availableProcessors());
		System.out.println(Runtime.getRuntime().maxMemory());
		ProcessHandle self = ProcessHandle.current();
		System.out.println(self.info().command().get().endsWith("/java") + " " + self.children().count());
		Process child = new ProcessBuilder("sh", "-c", "echo child; exit 3").inheritIO().start();
		System.out.println(child.waitFor());
		Files.writeString(Path.of("file"), "text");
		System.out.println(Files.readString(Path.of("file")));
		try {
			Object none = null;
			none.hashCode();
		} catch (NullPointerException e) {
			System.out.println("null");
		}
	}
}
END
javac -d files files/Threads.java || exit 1

same "javac" "javac -d . Threads.java && java -cp . Threads"
for collector in Serial Parallel G1 Shenandoah Z; do
	if java "-XX:+Use${collector}GC" -version > /dev/null 2>&1; then
		same "200 threads under $collector" "java -XX:+Use${collector}GC -Xmx256m -cp . Threads"
	else
		skip "200 threads under $collector" "this Java has no such collector"
	fi
done
same "a source file, children, files, a null pointer" "java Facts.java"
finish
