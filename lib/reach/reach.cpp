#include "reach/reach.h"

#include <array>

#include "policy/compile.h"
#include "reach/exchange.h"
#include "reach/selection.h"

namespace vpcwall {
namespace {

class ReachFinder {
 public:
  ReachFinder(Reach& reach, const ReachOptions& options) : reach_(reach), options_(options) {
    exchanges_.under(reach.policy);
  }

  // False: it would take more exchanges than allowed.
  bool run(const Selection& from, const Selection& to) {
    std::vector<PairParts<Reachable>> pairs;
    for (const Family family : {Family::ipv4, Family::ipv6})
      for (const std::size_t source : from.classes[at(family)])
        for (const std::size_t destination : to.classes[at(family)]) {
          if (!is_told(source, destination)) continue;
          PairParts<Reachable> pair{source, destination, {}};
          if (!explore(pair, family)) return false;
          if (!pair.parts.empty()) pairs.push_back(std::move(pair));
        }
    reach_.lines = lines_of(reach_.endpoints, pairs);
    return true;
  }

 private:
  [[nodiscard]] const GuardedBy& guard(std::size_t one) const {
    return reach_.endpoints.classes[one].guards.front();
  }

  [[nodiscard]] bool is_told(std::size_t source, std::size_t destination) const {
    return guard(source) != guard(destination);
  }

  bool explore(PairParts<Reachable>& pair, Family family) {
    const AddressClass& source = reach_.endpoints.classes[pair.source];
    const AddressClass& destination = reach_.endpoints.classes[pair.destination];
    SliceCuts cuts(reach_.spaces[at(family)], options_.client_ports);
    cuts.add(*reach_.policy, guard(pair.source), guard(pair.destination), source.witness,
             destination.witness);
    for (const TrafficSlice& slice : cuts.slices(options_.protocol)) {
      ask(pair, slice, cuts, source.witness, destination.witness);
      if (reach_.exchanges > options_.max_exchanges) return false;
    }
    return true;
  }

  void ask(PairParts<Reachable>& pair, const TrafficSlice& slice, SliceCuts& cuts, const IpAddress& source,
           const IpAddress& destination) {
    Reachable found;
    std::optional<Packet> witness;
    bool answered_at_all = false;
    for (const PortRange& client : cuts.clients(slice.protocol)) {
      const Packet request = witness_packet(slice, source, destination, client);
      const Exchange exchange = exchanges_.play(request);
      ++reach_.exchanges;
      if (exchange.request.verdict != Verdict::accept) {
        if (!cuts.looks_at_client(slice.protocol)) return;  // refused whatever the client port
        continue;
      }
      if (!witness) witness = request;
      found.clients.push_back(client);
      if (!exchange.reply) continue;
      answered_at_all = true;
      if (exchange.reply->verdict == Verdict::accept)
        found.answered.push_back(client);
      else if (!found.refusal)
        found.refusal = exchange.reply->gates.at(exchange.reply->gate_size - 1U);
    }
    if (!witness) return;
    found.reply = !answered_at_all                               ? ReplyFate::none
                  : found.answered.empty()                       ? ReplyFate::blocked
                  : found.answered.size() < found.clients.size() ? ReplyFate::partly
                                                                 : ReplyFate::passes;
    const bool ports = has_ports(slice.protocol);
    found.clients = ports ? joined(std::move(found.clients)) : std::vector<PortRange>{};
    found.answered = ports ? joined(std::move(found.answered)) : std::vector<PortRange>{};
    add_part(pair.parts, {slice, std::move(found), *witness}, source.family);
  }

  Reach& reach_;
  const ReachOptions& options_;
  Exchanges exchanges_;
};

}  // namespace

std::string_view to_string(ReplyFate fate) noexcept {
  switch (fate) {
    case ReplyFate::passes: return "passes";
    case ReplyFate::partly: return "partly";
    case ReplyFate::blocked: return "blocked";
    case ReplyFate::none: return "none";
  }
  return "";  // GCOVR_EXCL_LINE: every value has its case
}

bool operator==(const Reachable& a, const Reachable& b) noexcept {
  if (a.clients != b.clients || a.answered != b.answered || a.reply != b.reply) return false;
  if (a.refusal.has_value() != b.refusal.has_value()) return false;
  return !a.refusal || (a.refusal->gate == b.refusal->gate && a.refusal->interface == b.refusal->interface &&
                        a.refusal->subnet == b.refusal->subnet && a.refusal->rule == b.refusal->rule);
}

Expected<Reach, std::string> find_reach(const Policy& policy, const ReachOptions& options) {
  Reach reach;
  CompileContext context;
  reach.policy = compile(policy, context, 1);
  reach.client_ports = options.client_ports;
  const std::array forms{PolicyForms{policy, *reach.policy}};
  auto endpoints = find_endpoints(forms);
  if (!endpoints) return Unexpected{endpoints.error()};
  reach.endpoints = std::move(*endpoints);
  for (const Family family : {Family::ipv4, Family::ipv6})
    reach.spaces[at(family)] = traffic_space(family, forms);
  const auto from = select_endpoints(reach.endpoints, options.from, options.everything, "--from");
  if (!from) return Unexpected{from.error()};
  const auto to = select_endpoints(reach.endpoints, options.to, options.everything, "--to");
  if (!to) return Unexpected{to.error()};
  reach.from = from->endpoints;
  reach.to = to->endpoints;
  if (!ReachFinder(reach, options).run(*from, *to))
    return Unexpected{"the policy tells more than " + std::to_string(options.max_exchanges) +
                      " kinds of traffic apart: ask about fewer with --from, --to or --protocol"};
  reach.slots = std::move(context.slots);
  return reach;
}

}  // namespace vpcwall
