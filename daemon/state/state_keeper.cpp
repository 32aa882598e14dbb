#include "daemon/state/state_keeper.h"

#include <spdlog/spdlog.h>

#include <exception>
#include <utility>

#include "daemon/state/state_file.h"

namespace vpcwall {

std::pair<SavedState, CopyMark> StateKeeper::copy(Firewall& firewall) {
  const CopyMark mark = journal_.begin_copy();
  SavedState state = firewall.save();
  state.id = mark.id;
  state.policy = mark.policy;
  return {std::move(state), mark};
}

void StateKeeper::keep_if_due(Firewall& firewall, TimePoint now) {
  if (now < due_ || busy_.load(std::memory_order_acquire)) return;
  due_ = now + every_;
  busy_.store(true, std::memory_order_release);
  writer_ = std::jthread([this, copied = copy(firewall)] {
    write(copied.first, copied.second);
    busy_.store(false, std::memory_order_release);
  });
}

void StateKeeper::keep_last(Firewall& firewall) {
  if (writer_.joinable()) writer_.join();
  const auto [state, mark] = copy(firewall);
  if (!write(state, mark)) return;
  try {
    journal_.ended_cleanly(mark.id);
  } catch (const std::exception& error) {
    spdlog::error("the next start will take this end for one without notice: {}", error.what());
  }
}

bool StateKeeper::write(const SavedState& state, const CopyMark& mark) noexcept {
  try {
    save_state(path_, state);
    journal_.copied(mark);
    last_problem_.clear();
    return true;
  } catch (const std::exception& error) {
    if (std::exchange(last_problem_, error.what()) != error.what())
      spdlog::error("flows and counters are not kept for the next start: {}", error.what());
    return false;
  }
}

}  // namespace vpcwall
