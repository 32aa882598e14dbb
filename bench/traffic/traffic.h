// The load that the benchmark sends between its own namespaces: one function for each kind, each bounded in
// time, each printing one line of JSON. They end with an exception when the system refuses something.
#pragma once

#include <netinet/in.h>

#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "daemon/file_descriptor.h"

namespace vpcwall::bench {

using Clock = std::chrono::steady_clock;

[[noreturn]] void fail(const char* what);  // with errno's words
[[nodiscard]] sockaddr_in endpoint(const std::string& address, std::uint16_t port);
void set_option(int descriptor, int level, int option, int value);
void allow_many_descriptors();
void pin_to(unsigned cpu);
[[nodiscard]] double seconds_since(Clock::time_point start);

// Times in microseconds -> count, 50th, 90th, 99th and 99.9th percentile.
[[nodiscard]] nlohmann::ordered_json percentiles(std::vector<float> times);

struct Target {
  std::string address;
  std::uint16_t port = 0;  // the first of
  std::uint16_t ports = 1;
  double seconds = 1;
};

// Datagrams of `bytes`, as fast as `threads` threads can, over `flows` flows each; every thread on a CPU of
// its own.
nlohmann::ordered_json send_datagrams(const Target& target, unsigned flows, std::size_t bytes,
                                      unsigned threads);
// Echoes TCP and UDP until it is ended.
void serve_echo(const Target& target);
// Connects, sends a byte, awaits it, closes; `at_once` connections at a time, from `sources` in turn.
nlohmann::ordered_json connect_again_and_again(const Target& target, unsigned at_once,
                                               const std::vector<std::string>& sources);
// Requests of `bytes` on `connections` connections, the next one when the answer is there.
nlohmann::ordered_json request_and_respond(const Target& target, unsigned connections, std::size_t bytes);
// SYNs of `source` from ports at random, `rate` a second (0: as fast as possible).
nlohmann::ordered_json flood_with_syns(const Target& target, const std::string& source, double rate);

}  // namespace vpcwall::bench
