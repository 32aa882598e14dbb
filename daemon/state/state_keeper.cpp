#include "daemon/state/state_keeper.h"

#include <spdlog/spdlog.h>

#include <exception>
#include <utility>

#include "daemon/state/state_file.h"

namespace vpcwall {

void StateKeeper::keep_if_due(Firewall& firewall, TimePoint now) {
  if (now < due_ || busy_.load(std::memory_order_acquire)) return;
  due_ = now + every_;
  busy_.store(true, std::memory_order_release);
  writer_ = std::jthread([this, state = firewall.save()] {
    write(state);
    busy_.store(false, std::memory_order_release);
  });
}

void StateKeeper::keep_last(Firewall& firewall) {
  if (writer_.joinable()) writer_.join();
  write(firewall.save());
}

void StateKeeper::write(const SavedState& state) noexcept {
  try {
    save_state(path_, state);
    last_problem_.clear();
  } catch (const std::exception& error) {
    if (std::exchange(last_problem_, error.what()) != error.what())
      spdlog::error("flows and counters are not kept for the next start: {}", error.what());
  }
}

}  // namespace vpcwall
