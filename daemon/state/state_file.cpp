#include "daemon/state/state_file.h"

#include <sys/random.h>

#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>

#include "daemon/change/digest.h"
#include "daemon/change/durable_file.h"
#include "daemon/text_file.h"

namespace vpcwall {
namespace {

constexpr std::size_t most_bytes = std::size_t{4} << 30U;
constexpr Duration oldest = std::chrono::hours(24 * 5);  // the longest idle time of a flow (C-30)

std::int64_t unix_now() {
  timespec time{};
  ::clock_gettime(CLOCK_REALTIME, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

Unexpected<NoState> refuse(std::string why) { return Unexpected{NoState{std::move(why)}}; }

}  // namespace

std::string boot_id() {
  if (const char* told = std::getenv("VPCWALL_BOOT_ID"); told != nullptr && *told != 0) return told;
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id;
}

void stamp(SavedState& state, TimePoint now) {
  state.boot = boot_id();
  state.saved_at = now;
  state.saved_unix = unix_now();
}

void save_state(const std::string& path, const SavedState& state) {
  const std::string bytes = encode(state);
  DurableFile file(path);
  file.write({digest_of(bytes), "\n", bytes});
  file.commit();
}

Expected<SavedState, NoState> load_state(const std::string& path, TimePoint now) {
  if (!std::filesystem::exists(path)) return refuse({});
  const auto text = read_text_file(path, most_bytes);
  if (!text) return refuse(text.error().message);
  const std::size_t end = text->find('\n');
  const std::string_view bytes =
      std::string_view(*text).substr(end == std::string::npos ? text->size() : end + 1);
  if (end == std::string::npos || text->compare(0, end, digest_of(bytes)) != 0)
    return refuse(path + ": its content is not what its digest says");
  auto state = decode(bytes);
  if (!state) return refuse(path + ": " + state.error());
  // Which boot this is may be hidden from a daemon that is confined: then the clock on the wall has to do.
  if (state->boot.empty() || state->boot != boot_id()) {
    const Duration ago{unix_now() - state->saved_unix};
    if (ago < Duration::zero() || ago > oldest)
      return refuse(path + ": it is of another boot, and the clock does not say when that was");
    shift(*state, now - ago - state->saved_at);
    // All of it was before this boot, so on its clock before 0; who had idled long enough meanwhile is gone.
    std::erase_if(state->flows, [now](const Flow& flow) { return flow.expires <= now; });
  } else if (state->saved_at > now) {
    return refuse(path + ": it is from the future");
  }
  return std::move(*state);
}

}  // namespace vpcwall
