#include "daemon/state/lasting.h"

#include <spdlog/spdlog.h>

#include <exception>
#include <filesystem>
#include <random>

#include "daemon/state/state_file.h"

namespace vpcwall {

Lasting open_lasting(const Settings& settings) {
  Lasting lasting;
  try {
    lasting.directory.emplace(settings.state.directory);
    lasting.history.emplace(settings.state.directory, settings.state.policies);
  } catch (const std::exception& error) {
    lasting.why_not = error.what();
  }
  return lasting;
}

std::string state_path(const Settings& settings) { return settings.state.directory + "/flows-and-counters"; }

namespace {

// Flows that may not be restored must not be found by a later start either.
void leave_flows_behind(const Settings& settings, CrashJournal& journal, std::optional<SavedState>& state) {
  if (!state) return journal.begin_anew({});
  state->flows.clear();
  state->id = CrashJournal::new_id();
  try {
    save_state(state_path(settings), *state);
    journal.begin_anew(state->id);
  } catch (const std::exception& error) {
    spdlog::error("flows and counters cannot be kept for the next start: {}", error.what());
  }
}

}  // namespace

Inheritance inherit(const Settings& settings, Lasting& lasting,
                    std::map<std::string, FileDescriptor> descriptors) {
  Inheritance inheritance;
  inheritance.descriptors = std::move(descriptors);
  if (!lasting.directory) {
    inheritance.queue_seed = std::random_device{}();
    return inheritance;
  }
  inheritance.queue_seed = lasting.directory->queue_seed();
  auto state = load_state(state_path(settings), now());
  if (state)
    inheritance.state = std::move(*state);
  else if (!state.error().why.empty())
    spdlog::warn("flows and counters begin anew: {}", state.error().why);
  if (settings.test_clock) return inheritance;
  lasting.journal = std::make_unique<CrashJournal>(
      settings.state.directory, std::filesystem::path(settings.control.socket).parent_path().string());
  inheritance.before = lasting.journal->resume(inheritance.state ? inheritance.state->id : std::string());
  inheritance.ended = lasting.journal->ended();
  if (inheritance.before.why_not.empty()) return inheritance;
  if (inheritance.state && !inheritance.state->flows.empty())
    spdlog::warn("no flow is restored: the daemon before ended without notice, and {}",
                 inheritance.before.why_not);
  leave_flows_behind(settings, *lasting.journal, inheritance.state);
  return inheritance;
}

}  // namespace vpcwall
