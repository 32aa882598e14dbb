#include "cli/live/live_steps.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

#include "cli/lab/network_namespace.h"
#include "cli/live/local_port.h"
#include "replay/fragments.h"
#include "replay/packet_json.h"
#include "scenario/gate_text.h"

namespace vpcwall {
namespace {

using Clock = std::chrono::steady_clock;

// How long a packet may take through a lab before the test says that it is lost; nothing waits for this to
// pass unless something is wrong.
constexpr std::chrono::seconds patience{10};
constexpr std::chrono::milliseconds ask_again{1};

PacketBytes whole_bytes(const Packet& packet) {
  auto bytes = to_bytes(packet);
  if (!bytes) throw std::runtime_error(bytes.error());
  return std::move(*bytes);
}

// The same packet, whatever a router did to its hop limit and a copy range to its length.
bool same(Packet a, Packet b) {
  a.hop_limit = b.hop_limit;
  a.length = b.length;
  return a == b;
}

// Packets of another family's ICMP and of unknown protocols carry no transport.
bool is_packet(const PacketBytes& bytes, const Packet& packet) {
  const auto parsed = parse_packet(bytes, static_cast<std::uint32_t>(bytes.size()));
  if (parsed) return same(*parsed, packet);
  if (parsed.error() != ParseError::fragment) return false;
  // A piece of a datagram that was put together and cut again on its way: its header tells.
  const bool ipv4 = std::to_integer<unsigned>(bytes.at(0)) >> 4U == 4;
  const std::span<const std::byte> view(bytes);
  if (ipv4)
    return IpAddress::from_ipv4_bytes(view.subspan<12, 4>()) == packet.source &&
           IpAddress::from_ipv4_bytes(view.subspan<16, 4>()) == packet.destination;
  return IpAddress::from_ipv6_bytes(view.subspan<8, 16>()) == packet.source &&
         IpAddress::from_ipv6_bytes(view.subspan<24, 16>()) == packet.destination;
}

// A counter of /proc/net/snmp, of the namespace: the packets that reassembly gave up, or the datagrams that
// waited too long.
std::uint64_t ip_counter(const std::string& network_namespace, const std::string& name) {
  std::uint64_t value = 0;
  inside_namespace(network_namespace, [&] {
    std::ifstream file("/proc/thread-self/net/snmp");
    std::string names, values;
    while (std::getline(file, names) && std::getline(file, values)) {
      if (!names.starts_with("Ip:")) continue;
      std::istringstream heads(names), numbers(values);
      for (std::string head, number; heads >> head && numbers >> number;)
        if (head == name) value = std::stoull(number);
    }
  });
  return value;
}

// What exercises one side only leaves the subnet of the other side out (O-20).
Policy without_unlisted(Policy policy) {
  policy.unlisted_addresses = UnlistedAddresses::pass;
  return policy;
}

std::optional<Gate> gate_named(std::string_view word) {
  for (std::size_t i = 0; i < gate_count; ++i)
    if (to_string(static_cast<Gate>(i)) == word) return static_cast<Gate>(i);
  return std::nullopt;
}
std::optional<Outcome> outcome_named(std::string_view word) {
  for (std::size_t i = 0; i < outcome_count; ++i)
    if (to_string(static_cast<Outcome>(i)) == word) return static_cast<Outcome>(i);
  return std::nullopt;
}
std::optional<Reason> reason_named(std::string_view word) {
  for (std::size_t i = 0; i < reason_count; ++i)
    if (to_string(static_cast<Reason>(i)) == word) return static_cast<Reason>(i);
  return std::nullopt;
}

// A gate as the daemon prints it -> the notation of scenarios.
ExpectedGate gate_of(const nlohmann::json& json) {
  const auto gate = gate_named(json.at("gate").get<std::string>());
  const auto outcome = outcome_named(json.at("outcome").get<std::string>());
  if (!gate || !outcome) throw std::runtime_error("the daemon speaks of an unknown gate: " + json.dump());
  ExpectedGate result{*gate, {}, *outcome, {}};
  result.place = json.value("subnet", json.value("interface", ""));
  result.rule = json.contains("acl") ? json.value("rule", "") : json.value("group", "");
  return result;
}

}  // namespace

LiveSteps::LiveSteps(LiveLab& lab, const Scenario& scenario, std::optional<std::size_t> host, bool fast_path)
    : lab_(lab), policy_(scenario.policy), host_(host), fast_path_(fast_path) {
  // The kernel waits 30 s for the rest of a datagram, and its clock is nobody's to move: a scenario that
  // waits for that to end gets a shorter patience.
  bool held = false;
  for (const ScenarioStep& step : scenario.steps) {
    const auto* check = std::get_if<PacketCheck>(&step.what);
    held = held || (check != nullptr && check->fate == Fate::held);
    impatient_ = impatient_ || (held && std::holds_alternative<Wait>(step.what));
  }
  if (impatient_) set_fragment_patience("1");
  next_event_ = lab_.ask({{"verb", "decisions"}, {"limit", 1}}).at("next").get<std::uint64_t>();
}

LiveSteps::~LiveSteps() {
  if (impatient_) set_fragment_patience("30");
}

void LiveSteps::set_fragment_patience(const std::string& seconds) {
  inside_namespace(lab_.plan().router_namespace,
                   [&] { static_cast<void>(write_setting("ipv4/ipfrag_time", seconds)); });
}

StepOutcome LiveSteps::operator()(const PacketCheck& check) {
  const auto reason = host_ ? why_not_on_a_host(check.injected) : why_not_forwarded(check.injected);
  if (reason) {
    StepOutcome outcome;
    outcome.not_sent = *reason;
    return outcome;
  }
  const std::string& router = lab_.plan().router_namespace;
  const std::uint64_t failures = check.fragments.empty() ? 0 : ip_counter(router, "ReasmFails");
  given_up_ = check.fragments.empty() ? given_up_ : ip_counter(router, "ReasmTimeout");
  const bool one_side = !host_ && leaves_unlisted_side_out(check.injected, policy_);
  if (one_side) lab_.reload(without_unlisted(policy_));
  const Totals before = totals();
  const Observed observed = host_ ? through_host(check) : through_router(check);
  if (one_side) lab_.reload(policy_);
  std::optional<SeenPacket> by_kernel;
  if (!observed.decision && fast_path_) by_kernel = counted_since(before, check, observed.arrived);
  const SeenPacket seen_packet = by_kernel ? *by_kernel : seen(check, observed, failures);
  StepOutcome outcome = compare(check, seen_packet);
  if (!outcome.passed) return outcome;
  const bool expected = check.fate == Fate::accept;
  if (observed.arrived != expected) {
    outcome.passed = false;
    outcome.difference =
        expected ? "the packet was accepted and did not arrive" : "the packet arrived nevertheless";
  }
  return outcome;
}

std::vector<PacketBytes> LiveSteps::bytes_of(const PacketCheck& check) const {
  Packet packet = check.injected.packet;
  PacketBytes whole = whole_bytes(packet);
  if (check.fragments.empty()) return {std::move(whole)};
  std::vector<Piece> pieces;
  for (const FragmentRange& range : check.fragments)
    pieces.push_back({range.first, range.last - range.first});
  constexpr std::uint32_t first_identification = 1000;
  auto cut = fragments(whole, pieces, first_identification + check.datagram);
  if (!cut) throw std::runtime_error(cut.error());
  return std::move(*cut);
}

std::optional<nlohmann::json> LiveSteps::decision_before(const Packet& packet, const Packet& marker) {
  std::optional<nlohmann::json> decision;
  for (const auto deadline = Clock::now() + patience; Clock::now() < deadline;) {
    const nlohmann::json answer = lab_.ask({{"verb", "decisions"}, {"since", next_event_}});
    if (answer.at("missed").get<std::uint64_t>() != 0) throw std::runtime_error("decisions were missed");
    next_event_ = answer.at("next").get<std::uint64_t>();
    for (const nlohmann::json& event : answer.at("decisions")) {
      if (event.at("packet").is_null()) continue;
      const auto judged = read_packet(event.at("packet"));
      if (!judged) throw std::runtime_error("the daemon speaks of a packet that cannot be: " + event.dump());
      if (same(*judged, marker)) return decision;
      if (same(*judged, packet)) decision = event;
    }
    std::this_thread::sleep_for(ask_again);
  }
  throw std::runtime_error("the marker behind the packet was not judged in time");
}

LiveSteps::Observed LiveSteps::through_router(const PacketCheck& check) {
  const Packet& packet = check.injected.packet;
  const Injection way = plan_injection(check.injected, policy_, lab_.plan(), marker_port_++);
  if (way.needs_route) lab_.route(packet.destination, way.to);
  lab_.at_endpoint(way.to).drain();
  lab_.at_endpoint(way.marker_to).drain();
  for (const PacketBytes& bytes : bytes_of(check)) lab_.at_endpoint(way.from).send(bytes);
  lab_.at_endpoint(way.marker_from).send(whole_bytes(way.marker));

  Observed observed;
  observed.decision = decision_before(packet, way.marker);
  // What the daemon let through must come; what it did not would have come before the marker.
  const bool unjudged = !observed.decision && check.fate == Fate::accept;
  const bool passed = observed.decision && observed.decision->at("verdict") == "accept";
  bool marker_arrived = false;
  const auto deadline = Clock::now() + patience;
  while (!observed.arrived || !marker_arrived) {
    const bool same_port = way.to == way.marker_to;
    if (!observed.arrived && (same_port || passed || unjudged)) {
      const auto received = lab_.at_endpoint(way.to).receive(deadline);
      if (!received) break;
      observed.arrived = is_packet(*received, packet);
      marker_arrived = marker_arrived || (same_port && is_packet(*received, way.marker));
      if (marker_arrived && !passed && !unjudged) break;
    } else if (!marker_arrived) {
      const auto received = lab_.at_endpoint(way.marker_to).receive(deadline);
      if (!received) throw std::runtime_error("the marker behind the packet did not arrive");
      marker_arrived = is_packet(*received, way.marker);
    } else {
      break;
    }
  }
  if (!passed && !unjudged && !observed.arrived && way.to != way.marker_to)
    while (const auto late = lab_.at_endpoint(way.to).receive(Clock::now()))
      observed.arrived = observed.arrived || is_packet(*late, packet);
  if (way.needs_route) lab_.restore_route(packet.destination);
  return observed;
}

LiveSteps::Observed LiveSteps::through_host(const PacketCheck& check) {
  const std::size_t host = host_.value();
  const LabEndpoint& endpoint = lab_.plan().endpoints.at(host);
  const Packet& packet = check.injected.packet;
  const bool own_way =
      check.injected.path.size() == 2 && check.injected.path[0].interface == check.injected.path[1].interface;
  bool outward = own_way;
  for (const Prefix& own : endpoint.addresses) outward = outward || own.contains(packet.source);
  for (const PathSide& side : check.injected.path) outward = outward || side.direction == Direction::egress;

  PacketStep step = check.injected;
  if (step.path.empty() || own_way)
    step.path = {{outward ? Direction::egress : Direction::ingress, endpoint.interface}};
  const Injection way = plan_injection(step, policy_, lab_.plan(), marker_port_++);
  std::optional<LocalPort> program, marker_program;
  inside_namespace(endpoint.network_namespace, [&] {
    program.emplace(packet.family(), packet.protocol);
    marker_program.emplace(way.marker.family(), way.marker.protocol);
  });
  lab_.at_router(host).drain();
  for (const PacketBytes& bytes : bytes_of(check)) {
    if (outward) {
      program->send(packet, bytes);
    } else {
      lab_.at_router(host).send(bytes);
    }
  }
  if (outward) {
    marker_program->send(way.marker, whole_bytes(way.marker));
  } else {
    lab_.at_router(host).send(whole_bytes(way.marker));
  }
  Observed observed;
  observed.decision = decision_before(packet, way.marker);
  const bool expected = check.fate == Fate::accept;
  if (!outward || own_way) {
    observed.arrived =
        program->receives_from(packet.source, Clock::now() + (expected ? patience : patience * 0));
    return observed;
  }
  for (const auto deadline = Clock::now() + patience;;) {
    const auto received = lab_.at_router(host).receive(deadline);
    if (!received) throw std::runtime_error("the marker behind the packet did not arrive");
    observed.arrived = observed.arrived || is_packet(*received, packet);
    if (is_packet(*received, way.marker)) return observed;
  }
}

SeenPacket LiveSteps::seen(const PacketCheck& check, const Observed& observed, std::uint64_t failures) {
  SeenPacket result;
  if (observed.decision) {
    holding_ = false;
    result.fate = observed.decision->at("verdict") == "accept" ? Fate::accept : Fate::drop;
    result.reason =
        reason_named(observed.decision->at("reason").get<std::string>()).value_or(Reason::malformed);
    for (const nlohmann::json& gate : observed.decision->at("gates")) result.gates.push_back(gate_of(gate));
    return result;
  }
  if (!check.fragments.empty()) {
    // Nobody was asked: the datagram waits, or its fragments contradict each other.
    const bool refused = ip_counter(lab_.plan().router_namespace, "ReasmFails") != failures;
    holding_ = !refused;
    result.fate = refused ? Fate::drop : Fate::held;
    result.reason = Reason::fragment;
    return result;
  }
  // It never came to a queue: between two that nobody guards, or from a host to itself.
  const bool own_way =
      check.injected.path.size() == 2 && check.injected.path[0].interface == check.injected.path[1].interface;
  result.fate = observed.arrived ? Fate::accept : Fate::drop;
  result.reason = own_way ? Reason::loopback : Reason::not_guarded;
  return result;
}

LiveSteps::Totals LiveSteps::totals() const {
  Totals found;
  if (!fast_path_) return found;
  const nlohmann::json rules = lab_.ask({{"verb", "rules"}});
  for (const nlohmann::json& row : rules.at("gates"))
    found[row.at("gate").get<std::string>() + ' ' + row.at("outcome").get<std::string>()] =
        row.at("packets").get<std::int64_t>();
  for (const nlohmann::json& row : rules.at("reasons"))
    found[row.at("reason").get<std::string>()] = row.at("packets").get<std::int64_t>();
  return found;
}

std::optional<SeenPacket> LiveSteps::counted_since(const Totals& before, const PacketCheck& check,
                                                   bool arrived) {
  Totals fresh = totals();
  for (const auto& [what, count] : before) fresh[what] -= count;
  for (const char* of_the_marker : {"exempt exempt", "exempt"}) --fresh[of_the_marker];
  SeenPacket packet;
  packet.fate = arrived ? Fate::accept : Fate::drop;
  bool counted = false;
  const auto take = [&fresh](const ExpectedGate& gate) {
    auto& count = fresh[std::string(to_string(gate.gate)) + ' ' + std::string(to_string(gate.outcome))];
    return count > 0 && count-- > 0;
  };
  // A total does not say where: of a gate that was expected the place is believed.
  for (const ExpectedGate& gate : check.gates)
    if (take(gate)) packet.gates.push_back(gate);
  for (std::size_t i = 0; i < gate_count; ++i)
    for (std::size_t j = 0; j < outcome_count; ++j)
      while (take({static_cast<Gate>(i), {}, static_cast<Outcome>(j), {}}))
        packet.gates.push_back({static_cast<Gate>(i), {}, static_cast<Outcome>(j), {}});
  for (std::size_t i = 0; i < reason_count; ++i)
    if (fresh[std::string(to_string(static_cast<Reason>(i)))] > 0) {
      packet.reason = static_cast<Reason>(i);
      counted = true;
    }
  if (!counted) return std::nullopt;
  ++answered_by_kernel_;
  return packet;
}

StepOutcome LiveSteps::operator()(const Wait& wait) {
  const double seconds = std::chrono::duration<double>(wait.duration).count();
  static_cast<void>(lab_.ask({{"verb", "advance"}, {"seconds", seconds}}));
  if (!holding_ || !impatient_ || wait.duration < std::chrono::seconds(30)) return {};
  for (const auto deadline = Clock::now() + patience; Clock::now() < deadline;) {
    if (ip_counter(lab_.plan().router_namespace, "ReasmTimeout") != given_up_) {
      holding_ = false;
      return {};
    }
    std::this_thread::sleep_for(ask_again);
  }
  throw std::runtime_error("the kernel did not give the incomplete datagram up in time");
}

StepOutcome LiveSteps::operator()(const Change& change) {
  if (change.after) {
    lab_.reload(*change.after);
    policy_ = *change.after;
  }
  return compare(change);
}

StepOutcome LiveSteps::operator()(const StateCheck& check) {
  const nlohmann::json flows = lab_.ask({{"verb", "flows"}}).at("flows");
  const nlohmann::json status = lab_.ask({{"verb", "status"}});
  return compare(check, flows.size(), status.at("flows").at("refused").get<std::uint64_t>());
}

}  // namespace vpcwall
