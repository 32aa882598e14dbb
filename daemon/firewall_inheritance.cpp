// What a Firewall takes from the process before it, and leaves to the next one.
#include <linux/netlink.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include <unordered_map>
#include <utility>

#include "daemon/firewall.h"
#include "daemon/random_seed.h"
#include "daemon/service/service_manager.h"
#include "daemon/state/state_file.h"
#include "policy/policy_yaml.h"
#include "state/kept_counters.h"
#include "state/surviving_flows.h"

namespace vpcwall {
namespace {

constexpr std::uint32_t flows_at_a_time = 1024;  // copied while a worker waits: some 50 µs

int option_of(const FileDescriptor& socket, int option) noexcept {
  int value = -1;
  socklen_t size = sizeof value;
  return ::getsockopt(socket.get(), SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

}  // namespace

// Whoever kept it may have kept something else.
FileDescriptor Firewall::take_queue_socket(const std::string& name) {
  FileDescriptor kept = std::move(inheritance_.descriptors[name]);
  if (!kept ||
      (option_of(kept, SO_DOMAIN) == AF_NETLINK && option_of(kept, SO_PROTOCOL) == NETLINK_NETFILTER))
    return kept;
  spdlog::warn("what was kept as {} is no socket of a queue, and is not used", name);
  forget_descriptor(name);
  return {};
}

// Each policy since the copy was made is asked, in order, and so is what ended by itself. False: not all of
// them can be read, and nothing may be restored.
bool Firewall::drop_ended_since(SavedState& state, SavedState& left_in_kernel) {
  const Aftermath& before = inheritance_.before;
  for (const std::string& text : before.policies) {
    if (state.flows.empty() && left_in_kernel.flows.empty()) return true;
    const LoadedPolicy loaded = load_policy(text, "a policy that was in force");
    if (!loaded.policy) return false;
    CompileContext context;
    const auto compiled = compile(*loaded.policy, context, 1);
    drop_ended(state, *compiled);
    drop_ended(left_in_kernel, *compiled);
  }
  if (before.clean || inheritance_.ended == nullptr) return true;
  std::erase_if(state.flows,
                [&](const Flow& flow) { return inheritance_.ended->may_have_ended(before.set, flow.key); });
  return true;
}

// Counters go to one shard, flows to whoever gets their next packet. All of it under the policy that is in
// force now: what is of an interface that is gone, or is no longer tracked, is left out.
void Firewall::inherit(const Policy& policy) {
  if (settings_.test_clock) return;
  const std::uint32_t most = policy.behavior.flows_per_interface;
  const std::shared_ptr<const CompiledPolicy> compiled = reloader_->current();
  SavedState state = std::exchange(inheritance_.state, std::nullopt).value_or(SavedState{});
  const auto slot_for = [this](const RuleIdentity& identity, const std::string& owner_name) {
    return reloader_->slot_for(identity, owner_name);
  };
  const std::vector<CounterSlot> slots =
      give_back_counters(state, slot_for, shards_.front().unguarded().counters());
  inherited_counters_.reserve(this->slots().size());
  (void)give_back_counters(state, slot_for, inherited_counters_);

  SavedState in_kernel;
  std::unordered_map<FlowKey, TimePoint, FlowHash> ended_in_kernel(0, FlowHash(random_seed()));
  if (fast_path_) {
    KernelFastPath::LeftBehind left = fast_path_->flows_left_behind(*compiled, now());
    in_kernel.flows = std::move(left.flows);
    for (const CompiledInterface& interface : compiled->interfaces)
      in_kernel.interfaces.push_back(interface.id);
    for (Flow& flow : in_kernel.flows) flow.key.interface = compiled->interface_numbered(flow.key.interface);
    for (const Flow& flow : left.ended) ended_in_kernel[flow.key] = flow.last_packet;
  }
  bool restorable = inheritance_.before.why_not.empty();
  if (restorable && !drop_ended_since(state, in_kernel)) {
    spdlog::warn(
        "no flow is restored: a policy that was in force since they were copied is not valid any more");
    restorable = false;
  }
  inheritance_.before.policies.clear();
  if (!restorable) return;

  const bool restored = !inheritance_.before.clean;
  const auto add = [&](const SavedState& from, Flow flow) {
    const InterfaceIndex interface = compiled->interface_named(from.interfaces.at(flow.key.interface));
    if (interface == no_interface) return;
    flow.key.interface = compiled->interfaces[interface].number;
    const auto ended = ended_in_kernel.find(flow.key);
    if (ended != ended_in_kernel.end() && flow.opened_at <= ended->second) return;
    flow.restored = flow.restored || restored;
    if (!has_ended(*compiled, flow.key)) waiting_.add(flow, most);
  };
  for (Flow flow : state.flows) {
    if (flow.opened_by != Flow::nobody) flow.opened_by = slots.at(flow.opened_by);
    add(state, flow);
  }
  for (const Flow& flow : in_kernel.flows) add(in_kernel, flow);
  if (waiting_.any())
    spdlog::info("{} flows of the process before wait for their next packet", waiting_.size());
}

// Workers go on meanwhile. A flow goes from those that wait to a worker and never back, so those come first:
// it is there twice then, and never missing. The time is taken last: no flow has a later packet.
SavedState Firewall::save() {
  catch_up();
  SavedState state;
  const TimePoint at = clock_.now();
  const auto keep = [&, numbers = interface_indices(*policy())](const Flow& flow) {
    const auto interface = numbers.find(flow.key.interface);
    if (interface == numbers.end()) return;
    state.flows.push_back(flow);
    state.flows.back().key.interface = interface->second;
  };
  waiting_.visit(at, keep);
  for (const Guarded<Shard>& shard : shards_)
    for (std::uint32_t first = 0, places = flows_at_a_time; first < places; first += flows_at_a_time)
      shard.read([&](const Shard& one) {
        places = one.flows().places();
        one.flows().visit(first, first + flows_at_a_time, at, keep);
      });
  keep_counters(state, *policy(), slots(), counters());
  if (threads_.empty()) drop_ended(state, *policy());  // what no worker has come to
  stamp(state, clock_.now());
  return state;
}

// A flow that ended while it waited must not come back with a later change (C-25).
void Firewall::drop_ended_waiting() {
  const std::shared_ptr<const CompiledPolicy> compiled = reloader_->current();
  waiting_.drop_if([&](const Flow& flow) { return has_ended(*compiled, flow.key); });
}

}  // namespace vpcwall
