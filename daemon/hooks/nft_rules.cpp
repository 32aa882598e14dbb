#include "daemon/hooks/nft_rules.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <algorithm>
#include <array>
#include <utility>

#include "daemon/hooks/queue_hash.h"

namespace vpcwall {
namespace {

constexpr std::uint8_t first_discovery = 133, last_discovery = 137;  // neighbour discovery (E-21)

// The tables of one family of packets.
class FamilyRules {
 public:
  FamilyRules(const HookPlan& plan, Family family, QueueVerdict verdict)
      : plan_(plan), family_(family), verdict_(verdict) {}

  [[nodiscard]] std::vector<NftChain> chains() && {
    plan_.mode == HookMode::host ? add_host() : add_router();
    if (chains_.empty()) return {};
    std::vector<NftChain> all;
    all.push_back({"reassemble", {}, {NftRule("reassemble").reassemble(family_)}});
    all.push_back({"enqueue", {}, enqueue()});
    std::move(chains_.begin(), chains_.end(), std::back_inserter(all));
    return all;
  }

  [[nodiscard]] std::vector<NftRule> enqueue() const {
    std::vector<NftRule> rules;
    const auto rule = [&]() -> NftRule& { return rules.emplace_back("enqueue"); };
    if (plan_.queue_count > 1 && verdict_ == QueueVerdict::expression) {
      // Of other protocols symhash takes four bytes for ports that are none, and that differ by direction.
      for (const Protocol protocol : {Protocol::tcp, Protocol::udp})
        rule().has_protocol(protocol).queue_by_hash(plan_.first_queue, plan_.queue_count, plan_.fail_open);
    } else {
      // The last queue takes what is left, so a packet too short to be hashed is judged as well.
      for (std::uint16_t index = 0; index + 1 < plan_.queue_count; ++index)
        rule()
            .program_says_yes(queue_hash_program(family_, plan_.queue_seed, plan_.queue_count, index))
            .queue(verdict_, static_cast<std::uint16_t>(plan_.first_queue + index), plan_.fail_open);
    }
    rule().queue(verdict_, static_cast<std::uint16_t>(plan_.first_queue + plan_.queue_count - 1),
                 plan_.fail_open);
    return rules;
  }

 private:
  [[nodiscard]] std::optional<std::uint16_t> class_of(std::size_t device) const {
    return plan_.fast_path ? plan_.fast_path->classes.at(device) : std::nullopt;
  }
  [[nodiscard]] std::string program(const char* kind, std::uint16_t device_class) const {
    return plan_.fast_path->folder + '/' + kind + '-' + std::to_string(device_class);
  }
  // While it fails open, what was refused may pass while no process reads the queues.
  [[nodiscard]] bool refuses() const { return plan_.fast_path && !plan_.fail_open; }

  NftChain& add(std::string name, std::optional<NftHook> hook = {}) {
    return chains_.emplace_back(NftChain{std::move(name), std::move(hook), {}});
  }

  static NftRule& rule(NftChain& chain) { return chain.rules.emplace_back(chain.name); }

  void add_discovery(NftChain& chain) {
    if (family_ == Family::ipv6 && !plan_.bypass.empty())
      rule(chain).has_icmpv6_type(first_discovery, last_discovery).go_back();
  }

  void add_host() {
    NftChain in{"in", {}, {}};
    for (const LocalPort& port : plan_.bypass)
      rule(in).has_protocol(port.protocol).has_destination_port(port.port).is_for_an_own_address().go_back();
    add_discovery(in);
    if (plan_.fast_path) rule(in).program_says_yes(program("pass", 0)).accept();
    if (refuses()) rule(in).program_says_yes(program("refuse", 0)).drop();
    rule(in).go_to("enqueue");
    chains_.push_back(std::move(in));
    add_out();

    NftChain& arriving = add("arriving", NftHook{NF_INET_PRE_ROUTING, arriving_priority, {}});
    for (std::size_t i = 0; i < plan_.devices.size(); ++i) {
      if (index_of(i) != 0) rule(arriving).arrives_by(index_of(i)).go_to("in");
      rule(arriving).arrives_by(plan_.devices[i]).go_to("in");
    }
    NftChain& leaving = add("leaving", NftHook{NF_INET_POST_ROUTING, leaving_priority, {}});
    for (std::size_t i = 0; i < plan_.devices.size(); ++i) {
      if (index_of(i) != 0) rule(leaving).leaves_by(index_of(i)).go_to(out_chain(i));
      rule(leaving).leaves_by(plan_.devices[i]).go_to(out_chain(i));
    }
  }

  [[nodiscard]] std::uint32_t index_of(std::size_t device) const {
    return plan_.device_indexes.empty() ? 0 : plan_.device_indexes[device];
  }

  [[nodiscard]] std::string out_chain(std::size_t device) const {
    const auto device_class = class_of(device);
    if (device_class) return "out-" + std::to_string(*device_class);
    return plan_.mode == HookMode::host ? "out" : "enqueue";
  }

  // The chains of what leaves by a device of the plan: the fast path has to know by which.
  void add_out() {
    const bool host = plan_.mode == HookMode::host;
    for (std::size_t i = 0; i < plan_.devices.size(); ++i) {
      const std::string name = out_chain(i);
      if (name == "enqueue" || has(name)) continue;
      NftChain& out = add(name);
      for (const LocalPort& port : plan_.bypass)
        rule(out).is_made_here().has_protocol(port.protocol).has_source_port(port.port).go_back();
      add_discovery(out);
      if (const auto device_class = class_of(i)) {
        rule(out).program_says_yes(program("pass", *device_class)).accept();
        if (refuses()) {
          NftRule& refusal = rule(out).program_says_yes(program("refuse", *device_class));
          // Of what this host sends itself, a drop here would be an error to the sender.
          host ? refusal.queue(verdict_, refusal_queue(plan_.first_queue, plan_.queue_count), false)
               : refusal.drop();
        }
      }
      rule(out).go_to("enqueue");
    }
  }

  [[nodiscard]] bool has(const std::string& name) const {
    return std::any_of(chains_.begin(), chains_.end(),
                       [&](const NftChain& chain) { return chain.name == name; });
  }

  void add_router() {
    const auto guards = [this](const Prefix& prefix) { return prefix.base.family == family_; };
    if (plan_.devices.empty() && std::none_of(plan_.guarded.begin(), plan_.guarded.end(), guards)) return;
    if (plan_.fast_path) {
      NftChain& passed = add("passed");
      rule(passed).program_says_yes(program("pass", 0)).accept();
      NftChain& fast = add("fast");
      if (refuses()) rule(fast).program_says_yes(program("refuse", 0)).drop();
      rule(fast).go_to("enqueue");
    }
    add_out();
    NftChain& forward = add("forward", NftHook{NF_INET_FORWARD, forward_priority, {}});
    for (std::size_t i = 0; i < plan_.devices.size(); ++i)
      rule(forward).leaves_by(plan_.devices[i]).go_to(out_chain(i));
    // Before anything else is asked of a packet that leaves by another device: most of them end here.
    if (plan_.fast_path) rule(forward).jump_to("passed");
    const std::string_view judged = plan_.fast_path ? "fast" : "enqueue";
    for (const std::string& device : plan_.devices) rule(forward).arrives_by(device).go_to(judged);
    // One rule per range: ranges in one set must not overlap, and nothing forbids that here.
    for (const Prefix& prefix : plan_.guarded) {
      if (!guards(prefix)) continue;
      rule(forward).comes_from(prefix).go_to(judged);
      rule(forward).goes_to(prefix).go_to(judged);
    }
  }

  const HookPlan& plan_;
  Family family_;
  QueueVerdict verdict_;
  std::vector<NftChain> chains_;
};

NftRule& rule(NftChain& chain) { return chain.rules.emplace_back(chain.name); }

// E-26 holds where nothing else passes.
void add_bypass(NftChain& chain, const HookPlan& plan, bool arrives) {
  for (const LocalPort& port : plan.bypass) {
    NftRule& passed = rule(chain).has_protocol(port.protocol);
    arrives ? passed.has_destination_port(port.port) : passed.has_source_port(port.port);
    passed.accept();
  }
  if (!plan.bypass.empty()) rule(chain).has_icmpv6_type(first_discovery, last_discovery).accept();
}

void add_closed(NftChain& chain, const HookPlan& plan, bool arrives) {
  add_bypass(chain, plan, arrives);
  constexpr std::uint16_t arp = 0x0806;
  rule(chain).has_frame_type(arp).accept();
  rule(chain).count().drop();
}

// Frames that no IP hook of this namespace meets: those of devices on top of this one.
void add_open(NftChain& chain, const DeviceGate& gate, bool arrives) {
  arrives ? rule(chain).has_frame_destination(gate.address).accept()
          : rule(chain).has_frame_source(gate.address).accept();
  for (const Family family : {Family::ipv4, Family::ipv6}) {
    NftRule& foreign = rule(chain).carries(family);
    if (arrives) foreign.is_frame_for_one();
    foreign.count().drop();
  }
  if (!arrives || !gate.is_shared) return;
  // To a group: the device's own packets are judged, copies for the devices on top of it are not. What makes
  // a link work is exempt anyway (E-19, E-21).
  for (const std::uint16_t port : std::array<std::uint16_t, 4>{67, 68, 546, 547})
    rule(chain).has_protocol(Protocol::udp).has_destination_port(port).accept();
  rule(chain).has_icmpv6_type(130, last_discovery).accept();
  rule(chain).has_icmpv6_type(143, 143).accept();
  for (const Family family : {Family::ipv4, Family::ipv6}) rule(chain).carries(family).count().drop();
}

std::vector<NftChain> gate_chains(const HookPlan& plan) {
  std::vector<NftChain> chains;
  for (const DeviceGate& gate : plan.gates)
    for (const bool arrives : {true, false}) {
      const std::uint32_t hook = arrives ? NF_NETDEV_INGRESS : NF_NETDEV_EGRESS;
      NftChain chain{
          (arrives ? "in-" : "out-") + std::to_string(gate.index), NftHook{hook, 0, gate.device}, {}};
      gate.closed.empty() ? add_open(chain, gate, arrives) : add_closed(chain, plan, arrives);
      chains.push_back(std::move(chain));
    }
  return chains;
}

}  // namespace

std::string_view to_string(NftFamily family) noexcept {
  switch (family) {
    case NftFamily::ip: return "ip";
    case NftFamily::ip6: return "ip6";
    case NftFamily::netdev: return "netdev";
  }
  return "";
}

std::vector<NftTable> nft_tables(const HookPlan& plan, QueueVerdict verdict) {
  std::vector<NftTable> tables;
  const auto add = [&tables](NftFamily family, std::vector<NftChain> chains) {
    if (!chains.empty()) tables.push_back({family, std::move(chains)});
  };
  add(NftFamily::ip, FamilyRules(plan, Family::ipv4, verdict).chains());
  add(NftFamily::ip6, FamilyRules(plan, Family::ipv6, verdict).chains());
  add(NftFamily::netdev, gate_chains(plan));
  return tables;
}

std::vector<NftTable> nft_probe(QueueVerdict verdict) {
  HookPlan plan;
  plan.queue_count = 2;
  plan.fail_open = true;
  std::vector<NftTable> tables;
  for (const auto& [nft_family, family] :
       {std::pair{NftFamily::ip, Family::ipv4}, std::pair{NftFamily::ip6, Family::ipv6}}) {
    NftTable table{nft_family, {}};
    table.chains.push_back({"reassemble", {}, {NftRule("reassemble").reassemble(family)}});
    table.chains.push_back({"enqueue", {}, FamilyRules(plan, family, verdict).enqueue()});
    tables.push_back(std::move(table));
  }
  return tables;
}

std::string to_string(const NftTable& table) {
  std::string text = "table " + std::string(to_string(table.family)) + ' ' + std::string(nft_table) + " {\n";
  for (const NftChain& chain : table.chains) {
    text += "  chain " + chain.name + " {\n";
    if (chain.hook) {
      text += "    hook " + std::to_string(chain.hook->number);
      if (!chain.hook->device.empty()) text += " device \"" + chain.hook->device + '"';
      text += " priority " + std::to_string(chain.hook->priority) + '\n';
    }
    for (const NftRule& one : chain.rules) text += "    " + one.text() + '\n';
    text += "  }\n";
  }
  return text + "}\n";
}

}  // namespace vpcwall
