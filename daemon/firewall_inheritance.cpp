// What a Firewall takes from the process before it, and leaves to the next one.
#include <linux/netlink.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include "daemon/firewall.h"
#include "daemon/service/service_manager.h"
#include "daemon/state/state_file.h"
#include "state/kept_counters.h"

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

// Counters go to one shard, flows to whoever gets their next packet. All of it under the policy that is in
// force now: what is of an interface that is gone, or is no longer tracked, is left out.
void Firewall::inherit(const Policy& policy) {
  if (settings_.test_clock) return;
  const std::uint32_t most = policy.behavior.flows_per_interface;
  const std::shared_ptr<const CompiledPolicy> compiled = reloader_->current();
  const auto add = [&](Flow flow) {
    if (!has_ended(*compiled, flow.key)) waiting_.add(flow, most);
  };
  if (inheritance_.state) {
    const SavedState& state = *inheritance_.state;
    std::vector<CounterSlot> slots;
    reloader_->add_slots([&](CounterSlots& known) {
      Counters& counters = shards_.front().unguarded().counters();
      const auto slot_for = [&](const RuleIdentity& identity, const std::string& owner_name) {
        const CounterSlot slot = known.assign(identity, owner_name);
        counters.reserve(known.size());
        return slot;
      };
      slots = give_back_counters(state, slot_for, counters);
      inherited_counters_.reserve(known.size());
      (void)give_back_counters(state, slot_for, inherited_counters_);
    });
    for (Flow flow : state.flows) {
      const InterfaceIndex interface = compiled->interface_named(state.interfaces.at(flow.key.interface));
      if (interface == no_interface) continue;
      flow.key.interface = compiled->interfaces[interface].number;
      if (flow.opened_by != Flow::nobody) flow.opened_by = slots.at(flow.opened_by);
      add(flow);
    }
    inheritance_.state.reset();
  }
  if (fast_path_)
    for (const Flow& flow : fast_path_->flows_left_behind(*compiled, now())) add(flow);
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
  stamp(state, clock_.now());
  return state;
}

// A flow that ended while it waited must not come back with a later change (C-25).
void Firewall::drop_ended_waiting() {
  const std::shared_ptr<const CompiledPolicy> compiled = reloader_->current();
  waiting_.drop_if([&](const Flow& flow) { return has_ended(*compiled, flow.key); });
}

}  // namespace vpcwall
