// How a Firewall tries a candidate policy beside the one in force (runtime/shadow.h).
#include <net/if.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <stdexcept>

#include "daemon/firewall.h"
#include "daemon/random_seed.h"

namespace vpcwall {
namespace {

constexpr std::uint32_t flows_at_a_time = 256;  // copied while a worker waits: some 100 µs

}  // namespace

std::shared_ptr<Shadow> Firewall::begin_shadow(const PreparedPolicy& candidate) {
  if (stage_.any()) return nullptr;
  auto shadow = std::make_shared<Shadow>(
      candidate, bindings_of(named_devices(*candidate.written, Absent::refused)), policy()->generation,
      Shadow::Sizes{.workers = shards_.size(), .flows = settings_.flows_per_worker}, random_seed(),
      clock_.now());
  stage_.enter(shadow);
  shadow_pauses_ = true;
  // The kernel has told all that it knew, and every worker follows: what is copied now stays true.
  bool everywhere = suit_watchers();
  if (everywhere) {
    give_flows_to(*shadow);
    shadow->begin();
    everywhere = every_worker_has_looked();
  }
  if (everywhere) return shadow;
  end_shadow();
  throw std::runtime_error("a worker has not taken up in time that a policy is to be tried");
}

bool Firewall::end_shadow() {
  stage_.leave();
  shadow_pauses_ = false;
  const bool everywhere = suit_watchers();
  if (!everywhere) spdlog::error("a worker has not taken up in time that no policy is tried any more");
  return everywhere;
}

// A worker moves flows from those that wait into its own, never back: those that wait come first.
void Firewall::give_flows_to(Shadow& shadow) const {
  const std::shared_ptr<const CompiledPolicy> live = policy();
  const TimePoint at = clock_.now();
  const auto give = [&](const Flow& flow) { shadow.inherit(*live, flow); };
  waiting_.visit(at, give);
  for (const Guarded<Shard>& shard : shards_)
    for (std::uint32_t first = 0, places = flows_at_a_time; first < places; first += flows_at_a_time)
      shard.read([&](const Shard& one) {
        places = one.flows().places();
        one.flows().visit(first, first + flows_at_a_time, at, give);
      });
}

std::vector<std::string> Firewall::unseen_by_shadow(const Policy& candidate) const {
  std::vector<std::string> unseen;
  const auto look_for = [&](const std::optional<Prefix>& range) {
    if (hooks_.plan().mode != HookMode::router || !range) return;
    const auto& guarded = hooks_.plan().guarded;
    if (std::none_of(guarded.begin(), guarded.end(), [&](const Prefix& one) { return one.contains(*range); }))
      unseen.push_back(to_string(*range));
  };
  look_for(candidate.vpc.cidr);
  look_for(candidate.vpc.ipv6_cidr);
  for (const Prefix& range : candidate.vpc.secondary_cidrs) look_for(range);
  for (const DeviceBinding& binding : bindings_of(named_devices(candidate, Absent::refused))) {
    char name[IF_NAMESIZE] = {};
    if (::if_indextoname(binding.device, name) == nullptr) continue;
    const auto& devices = hooks_.plan().devices;
    if (std::find(devices.begin(), devices.end(), name) == devices.end()) unseen.emplace_back(name);
  }
  return unseen;
}

}  // namespace vpcwall
