#include "daemon/metrics/process_figures.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

namespace vpcwall {
namespace {

std::string text_of(const char* path) {
  const std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// The fields of /proc/self/stat from the third on, as proc(5) numbers them: behind the name, which may hold
// anything.
std::vector<double> statistics() {
  const std::string text = text_of("/proc/self/stat");
  std::istringstream rest(text.substr(std::min(text.size(), text.rfind(')') + 1)));
  std::string state;
  rest >> state;
  return {std::istream_iterator<double>(rest), {}};
}

double seconds_of(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

// As /proc/stat says it, which a confined daemon does not see. Once: the clock on the wall may jump, and when
// the process began must not.
double boot_seconds() {
  static const double since = seconds_of(CLOCK_REALTIME) - seconds_of(CLOCK_BOOTTIME);
  return since;
}

}  // namespace

ProcessFigures process_figures() {
  constexpr std::size_t first_field = 4;  // of statistics()
  const std::vector<double> fields = statistics();
  const auto field = [&fields](std::size_t number) {
    return number - first_field < fields.size() ? fields[number - first_field] : 0.0;
  };
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  ProcessFigures figures;
  figures.cpu_seconds = (field(14) + field(15)) / ticks;
  figures.start_seconds = boot_seconds() + field(22) / ticks;
  figures.virtual_bytes = static_cast<std::uint64_t>(field(23));
  figures.resident_bytes =
      static_cast<std::uint64_t>(field(24)) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  std::error_code ignored;
  const std::filesystem::directory_iterator descriptors("/proc/self/fd", ignored);
  figures.open_descriptors = static_cast<std::uint64_t>(std::distance(begin(descriptors), end(descriptors)));
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) figures.most_descriptors = limit.rlim_cur;
  return figures;
}

}  // namespace vpcwall
