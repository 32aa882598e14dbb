"""What lib/ must not do: read a clock, open a socket, log, print, start a thread, look at the environment."""

import re

import project

FORBIDDEN = [
    (r"::now\s*\(|\bclock_gettime\b|\bgettimeofday\b|\bstd::time\s*\(|(?<![\w:.>])time\s*\(\s*(nullptr|NULL|0|&)",
     "reads a clock: take `now` as an argument"),
    (r"#\s*include\s*<(sys/socket|sys/un|sys/epoll|sys/ioctl|netdb|net/if|poll|linux/[\w/]+|libmnl/\w+|"
     r"libnetfilter_queue/\w+|nftables/\w+|libnftables|bpf/\w+|systemd/[\w-]+|cap-ng)(\.h)?>",
     "talks to the kernel: that belongs in daemon/ or cli/"),
    (r"#\s*include\s*<(iostream|syslog\.h|print)>|\bstd::(cout|cerr|clog)\b|"
     r"(?<![\w.>])(f?printf|f?puts|f?putc|putchar|fwrite|fopen|perror)\s*\(",
     "prints: return a value and let the shell print it"),
    (r"\bspdlog\b", "logs: return a reason, a diagnostic or an event and let daemon/ log it"),
    (r"#\s*include\s*<thread>|\bstd::(jthread|thread|async)\b|\bpthread_create\b|\bsleep_(for|until)\b",
     "starts or suspends a thread: threads belong to the shell"),
    (r"\bgetenv\b|\bstd::system\b|(?<![\w.>])(fork|execv\w*|popen)\s*\(|\b(std::)?(exit|abort|quick_exit)\s*\(",
     "reaches outside of the engine"),
    (r"\brand\s*\(|\bstd::random_device\b|\bgetrandom\b", "draws a random number: take the seed as an argument"),
]


def findings(root):
    found = []
    for path in project.files(root, "lib", suffixes=project.SOURCE_SUFFIXES):
        text = project.without_comments(path.read_text(encoding="utf-8"))
        for number, line in enumerate(text.splitlines(), start=1):
            for pattern, why in FORBIDDEN:
                match = re.search(pattern, line)
                if match:
                    found.append(f"{path.relative_to(root)}:{number}: '{match.group(0).strip()}' {why}")
    return found


if __name__ == "__main__":
    project.main(findings)
