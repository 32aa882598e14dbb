#include "daemon/change/preparation.h"

#include <exception>

#include "daemon/change/digest.h"
#include "policy/policy_yaml.h"

namespace vpcwall {
namespace {

// First what can fail: nothing comes into force that could not be kept. False when it cannot be.
bool keep(const PreparationOrder& order, Preparation& made) {
  if (order.keep_at.empty()) return true;
  try {
    made.file = std::make_unique<DurableFile>(order.keep_at);
    made.file->write(made.text.text);
    return true;
  } catch (const std::exception& error) {
    made.diagnostics.emplace_back("the policy cannot be kept, so it is not tried: " +
                                  std::string(error.what()));
    return false;
  }
}

void prepare(const PreparationOrder& order, const std::stop_token& stop, Preparation& made) {
  made.text = order.read();
  made.digest = digest_of(made.text.text);
  if (stop.stop_requested() || !keep(order, made) || stop.stop_requested()) return;
  LoadedPolicy loaded = load_policy(made.text.text, made.text.name);
  for (const Diagnostic& diagnostic : loaded.diagnostics) made.diagnostics.push_back(to_string(diagnostic));
  if (!loaded.policy || stop.stop_requested()) return;
  Prospect prospect{order.generation, order.devices(*loaded.policy)};
  auto policy = vpcwall::prepare(std::move(*loaded.policy), order.in_force, std::move(prospect));
  if (order.needs_way_back)
    made.way_back =
        way_back(*order.in_force, *policy, {order.generation + 1, order.devices(*order.in_force->written)});
  made.policy = std::move(policy);
}

}  // namespace

Preparation prepare_policy(const PreparationOrder& order, const std::stop_token& stop) {
  Preparation made;
  try {
    prepare(order, stop, made);
  } catch (const std::exception& error) {
    made.diagnostics.emplace_back(error.what());
  }
  return made;
}

}  // namespace vpcwall
