#include "bench/traffic/traffic.h"

#include <arpa/inet.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace vpcwall::bench {

void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

sockaddr_in endpoint(const std::string& address, std::uint16_t port) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_port = htons(port);
  if (::inet_pton(AF_INET, address.c_str(), &result.sin_addr) != 1)
    throw std::invalid_argument(address + " is no IPv4 address");
  return result;
}

void set_option(int descriptor, int level, int option, int value) {
  if (::setsockopt(descriptor, level, option, &value, sizeof value) != 0) fail("setsockopt");
}

void allow_many_descriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) fail("getrlimit");
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) fail("setrlimit");
}

void pin_to(unsigned cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  if (::sched_setaffinity(0, sizeof set, &set) != 0) fail("sched_setaffinity");
}

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

nlohmann::ordered_json percentiles(std::vector<float> times) {
  std::sort(times.begin(), times.end());
  nlohmann::ordered_json result{{"count", times.size()}};
  const auto at = [&](double part) {
    return times.empty() ? 0.F
                         : times[static_cast<std::size_t>(part * static_cast<double>(times.size() - 1))];
  };
  result["p50_us"] = at(0.5);
  result["p90_us"] = at(0.9);
  result["p99_us"] = at(0.99);
  result["p999_us"] = at(0.999);
  return result;
}

}  // namespace vpcwall::bench
