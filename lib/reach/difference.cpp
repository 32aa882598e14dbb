#include "reach/difference.h"

#include <algorithm>

#include "explain/story.h"
#include "policy/compile.h"
#include "reach/selection.h"

namespace vpcwall {
namespace {

bool is_same(const GateOutcome& a, const GateOutcome& b) noexcept {
  return a.gate == b.gate && a.interface == b.interface && a.subnet == b.subnet && a.rule == b.rule;
}

const GateOutcome* refusal_of(const Decision& decision) noexcept {
  return decision.verdict == Verdict::accept ? nullptr : &decision.gates.at(decision.gate_size - 1U);
}

RequestFate fate_of(const Exchange& exchange) noexcept {
  if (exchange.request.verdict != Verdict::accept) return RequestFate::refused;
  return exchange.reply && exchange.reply->verdict != Verdict::accept ? RequestFate::half_open
                                                                      : RequestFate::answered;
}

class DifferenceFinder {
 public:
  DifferenceFinder(TrafficDifference& difference, const DifferenceOptions& options)
      : difference_(difference), options_(options) {
    for (std::size_t i = 0; i < 2; ++i) exchanges_.at(i).under(difference.policies.at(i));
  }

  // False: it would take more exchanges than allowed.
  bool run(const Selection& from, const Selection& to) {
    std::vector<PairParts<TrafficChange>> pairs;
    for (const Family family : {Family::ipv4, Family::ipv6})
      for (const std::size_t source : from.classes[at(family)])
        for (const std::size_t destination : to.classes[at(family)]) {
          if (!is_told(source, destination)) continue;
          PairParts<TrafficChange> pair{source, destination, {}};
          if (!explore(pair, family)) return false;
          if (!pair.parts.empty()) pairs.push_back(std::move(pair));
        }
    difference_.lines = lines_of(difference_.endpoints, pairs);
    return true;
  }

 private:
  static constexpr std::size_t before = 0, after = 1;

  [[nodiscard]] const GuardedBy& guard(std::size_t one, std::size_t policy) const {
    return difference_.endpoints.classes[one].guards.at(policy);
  }

  // Some gate takes part under one of the policies.
  [[nodiscard]] bool is_told(std::size_t source, std::size_t destination) const {
    return guard(source, before) != guard(destination, before) ||
           guard(source, after) != guard(destination, after);
  }

  // One end is an interface of the other policy only.
  [[nodiscard]] bool is_absent(std::size_t one, std::size_t policy) const {
    return guard(one, policy).interface == no_interface && guard(one, 1 - policy).interface != no_interface;
  }

  bool explore(PairParts<TrafficChange>& pair, Family family) {
    SliceCuts cuts(difference_.spaces[at(family)], options_.client_ports);
    for (const std::size_t policy : {before, after})
      cuts.add(*difference_.policies.at(policy), guard(pair.source, policy), guard(pair.destination, policy),
               difference_.endpoints.classes[pair.source].witness,
               difference_.endpoints.classes[pair.destination].witness);
    for (const TrafficSlice& slice : cuts.slices(options_.protocol)) {
      compare(pair, slice, cuts, family);
      if (difference_.exchanges > options_.max_exchanges) return false;
    }
    return true;
  }

  // What changes for the slice: client ports for which the same changes, together.
  void compare(PairParts<TrafficChange>& pair, const TrafficSlice& slice, SliceCuts& cuts, Family family) {
    struct Found {
      TrafficChange change;
      Packet witness;
    };
    std::vector<Found> found;
    for (const PortRange& client : cuts.clients(slice.protocol)) {
      const Packet request = witness_packet(slice, difference_.endpoints.classes[pair.source].witness,
                                            difference_.endpoints.classes[pair.destination].witness, client);
      const TrafficChange change = change_of(pair, request);
      if (!arrives(change.before) && !arrives(change.after) && !cuts.looks_at_client(slice.protocol)) return;
      if (!change.kind()) continue;
      const auto same = std::find_if(found.begin(), found.end(), [&change](const Found& one) {
        TrafficChange without_clients = one.change;
        without_clients.clients.clear();
        return without_clients == change;
      });
      Found& one = same != found.end() ? *same : found.emplace_back(Found{change, request});
      if (has_ports(slice.protocol)) one.change.clients.push_back(client);
    }
    for (Found& one : found) {
      one.change.clients = joined(std::move(one.change.clients));
      add_part(pair.parts, {slice, std::move(one.change), one.witness}, family);
    }
  }

  TrafficChange change_of(const PairParts<TrafficChange>& pair, const Packet& request) {
    TrafficChange change;
    std::array<std::optional<Exchange>, 2> played;
    for (const std::size_t policy : {before, after}) {
      RequestFate& fate = policy == before ? change.before : change.after;
      if (is_absent(pair.source, policy) || is_absent(pair.destination, policy)) {
        fate = RequestFate::absent;
        continue;
      }
      played.at(policy) = exchanges_.at(policy).play(request);
      ++difference_.exchanges;
      fate = fate_of(*played.at(policy));
    }
    note_refusal(change, played);
    if (change.before != RequestFate::answered || !is_answered(request)) return change;
    if (change.after == RequestFate::absent)
      change.connection = ConnectionFate::cut;
    else if (is_like(*played[before], *played[after]))
      change.connection = ConnectionFate::lives_on;
    else
      open_and_change(change, request);
    return change;
  }

  static void note_refusal(TrafficChange& change, const std::array<std::optional<Exchange>, 2>& played) {
    if (change.after >= change.before || !played[after]) return;
    const Exchange& now = *played[after];
    const GateOutcome* refusal = refusal_of(now.request);
    if (refusal == nullptr && now.reply) refusal = refusal_of(*now.reply);
    if (refusal != nullptr) change.refusal = *refusal;
  }

  void open_and_change(TrafficChange& change, const Packet& request) {
    const Continuation rest = exchanges_[before].reload(difference_.policies[after], request);
    const bool onward = rest.onward.verdict == Verdict::accept, back = rest.back.verdict == Verdict::accept;
    change.connection = onward ? (back ? ConnectionFate::lives_on : ConnectionFate::cut_backward)
                               : (back ? ConnectionFate::cut_onward : ConnectionFate::cut);
    if (is_cut(change.connection) && !change.refusal)
      change.refusal = *refusal_of(onward ? rest.back : rest.onward);
  }

  // The same gates of the same interfaces said the same. Then an open connection is judged as before: where a
  // flow was opened, the other policy would open one too, so the change does not end it; where none was,
  // rules pass its packets under both; and a network ACL never looks at more than it was asked about here.
  [[nodiscard]] bool is_like(const Exchange& one, const Exchange& other) const {
    if (one.reply.has_value() != other.reply.has_value()) return false;
    return is_like(one.request, other.request) && (!one.reply || is_like(*one.reply, *other.reply));
  }
  [[nodiscard]] bool is_like(const Decision& one, const Decision& other) const {
    if (one.verdict != other.verdict || one.gate_size != other.gate_size) return false;
    for (std::size_t i = 0; i < one.gate_size; ++i) {
      const GateOutcome &a = one.gates.at(i), &b = other.gates.at(i);
      if (a.gate != b.gate || a.outcome != b.outcome || !is_same_place(a, b)) return false;
    }
    return true;
  }
  // The id of the interface whose gate it is or, of an address that none has, of its subnet.
  [[nodiscard]] const std::string* id_of(std::size_t policy, const GateOutcome& gate) const {
    const CompiledPolicy& compiled = *difference_.policies.at(policy);
    if (gate.interface != no_interface) return &compiled.interfaces.at(gate.interface).id;
    return gate.subnet != no_subnet ? &compiled.subnets.at(gate.subnet).id : nullptr;
  }
  [[nodiscard]] bool is_same_place(const GateOutcome& was, const GateOutcome& is) const {
    const std::string *then = id_of(before, was), *now = id_of(after, is);
    return (was.interface == no_interface) == (is.interface == no_interface) &&
           (then == nullptr || now == nullptr ? then == now : *then == *now);
  }

  TrafficDifference& difference_;
  const DifferenceOptions& options_;
  std::array<Exchanges, 2> exchanges_;
};

}  // namespace

std::string_view to_string(RequestFate fate) noexcept {
  switch (fate) {
    case RequestFate::absent: return "absent";
    case RequestFate::refused: return "refused";
    case RequestFate::half_open: return "half-open";
    case RequestFate::answered: return "answered";
  }
  return "";  // GCOVR_EXCL_LINE: every value has its case
}

std::string_view to_string(ConnectionFate fate) noexcept {
  switch (fate) {
    case ConnectionFate::none: return "none";
    case ConnectionFate::lives_on: return "lives-on";
    case ConnectionFate::cut: return "cut";
    case ConnectionFate::cut_onward: return "cut-onward";
    case ConnectionFate::cut_backward: return "cut-backward";
  }
  return "";  // GCOVR_EXCL_LINE: every value has its case
}

std::string_view to_string(ChangeKind kind) noexcept {
  switch (kind) {
    case ChangeKind::newly_allowed: return "newly-allowed";
    case ChangeKind::newly_denied: return "newly-denied";
    case ChangeKind::reply_newly_allowed: return "reply-newly-allowed";
    case ChangeKind::reply_newly_denied: return "reply-newly-denied";
    case ChangeKind::cut: return "cut";
  }
  return "";  // GCOVR_EXCL_LINE: every value has its case
}

std::optional<ChangeKind> TrafficChange::kind() const noexcept {
  if (!arrives(before) && arrives(after)) return ChangeKind::newly_allowed;
  if (arrives(before) && !arrives(after)) return ChangeKind::newly_denied;
  if (before == RequestFate::half_open && after == RequestFate::answered)
    return ChangeKind::reply_newly_allowed;
  if (before == RequestFate::answered && after == RequestFate::half_open)
    return ChangeKind::reply_newly_denied;
  return is_cut(connection) ? std::optional(ChangeKind::cut) : std::nullopt;
}

bool operator==(const TrafficChange& a, const TrafficChange& b) noexcept {
  if (a.before != b.before || a.after != b.after || a.connection != b.connection || a.clients != b.clients)
    return false;
  return a.refusal.has_value() == b.refusal.has_value() && (!a.refusal || is_same(*a.refusal, *b.refusal));
}

Expected<TrafficDifference, std::string> find_difference(const Policy& before, const Policy& after,
                                                         const DifferenceOptions& options) {
  TrafficDifference difference;
  CompileContext context;
  difference.policies = {compile(before, context, 1), compile(after, context, 2)};
  difference.client_ports = options.client_ports;
  const std::array forms{PolicyForms{before, *difference.policies[0]},
                         PolicyForms{after, *difference.policies[1]}};
  auto endpoints = find_endpoints(forms);
  if (!endpoints) return Unexpected{endpoints.error()};
  difference.endpoints = std::move(*endpoints);
  for (const Family family : {Family::ipv4, Family::ipv6})
    difference.spaces[at(family)] = traffic_space(family, forms);
  const auto from = select_endpoints(difference.endpoints, options.from, true, "--from");
  if (!from) return Unexpected{from.error()};
  const auto to = select_endpoints(difference.endpoints, options.to, true, "--to");
  if (!to) return Unexpected{to.error()};
  if (!DifferenceFinder(difference, options).run(*from, *to))
    return Unexpected{"the policies tell more than " + std::to_string(options.max_exchanges / 2) +
                      " kinds of traffic apart: compare less with --from, --to or --protocol"};
  difference.slots = std::move(context.slots);
  return difference;
}

}  // namespace vpcwall
