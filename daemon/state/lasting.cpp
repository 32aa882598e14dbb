#include "daemon/state/lasting.h"

#include <spdlog/spdlog.h>

#include <exception>
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

Inheritance inherit(const Settings& settings, const Lasting& lasting,
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
  return inheritance;
}

}  // namespace vpcwall
