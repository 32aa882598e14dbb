#include "state/saved_state.h"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace vpcwall {
namespace {

using nlohmann::json;

// The first line says what the bytes are; the version changes with the layout of anything below.
constexpr std::string_view first_line = "vpcwall state 2\n";
constexpr std::string_view first_line_before = "vpcwall state 1\n";  // without id and policy
constexpr std::size_t most_names = 1'000'000;

// A flow in 128 bytes of its own layout, in the machine's byte order.
struct StoredFlow {
  std::uint64_t local[2], remote[2];
  std::int64_t opened_at, last_packet, expires;
  std::uint64_t packets[2], bytes[2];
  std::uint32_t interface, opened_by;
  std::uint16_t local_port, remote_port;
  std::uint8_t protocol, family, state, originator;
  std::uint8_t restored;
  std::uint8_t zero[23];
};
static_assert(sizeof(StoredFlow) == 128 && std::is_trivially_copyable_v<StoredFlow>);

Duration::rep count_of(TimePoint time) { return time.time_since_epoch().count(); }
TimePoint time_of(std::int64_t nanoseconds) { return TimePoint(Duration(nanoseconds)); }

StoredFlow to_stored(const Flow& flow) {
  StoredFlow stored{};
  stored.local[0] = flow.key.local_high;
  stored.local[1] = flow.key.local_low;
  stored.remote[0] = flow.key.remote_high;
  stored.remote[1] = flow.key.remote_low;
  stored.opened_at = count_of(flow.opened_at);
  stored.last_packet = count_of(flow.last_packet);
  stored.expires = count_of(flow.expires);
  for (std::size_t side = 0; side < 2; ++side) {
    stored.packets[side] = flow.packets[side];
    stored.bytes[side] = flow.bytes[side];
  }
  stored.interface = flow.key.interface;
  stored.opened_by = flow.opened_by;
  stored.local_port = flow.key.local_port;
  stored.remote_port = flow.key.remote_port;
  stored.protocol = static_cast<std::uint8_t>(flow.key.protocol);
  stored.family = flow.key.family == Family::ipv4 ? 4 : 6;
  stored.state = static_cast<std::uint8_t>(flow.state);
  stored.originator = static_cast<std::uint8_t>(flow.originator);
  stored.restored = flow.restored ? 1 : 0;
  return stored;
}

Flow to_flow(const StoredFlow& stored, const SavedState& state) {
  const bool possible = stored.interface < state.interfaces.size() &&
                        (stored.opened_by < state.rules.size() || stored.opened_by == Flow::nobody) &&
                        (stored.family == 4 || stored.family == 6) && stored.state < flow_state_count &&
                        stored.originator <= 1 && stored.restored <= 1 &&
                        stored.opened_at <= stored.last_packet && stored.last_packet <= stored.expires &&
                        time_of(stored.last_packet) <= state.saved_at;
  if (!possible) throw std::runtime_error("a flow that cannot be");
  Flow flow;
  flow.key.local_high = stored.local[0];
  flow.key.local_low = stored.local[1];
  flow.key.remote_high = stored.remote[0];
  flow.key.remote_low = stored.remote[1];
  flow.key.interface = stored.interface;
  flow.key.local_port = stored.local_port;
  flow.key.remote_port = stored.remote_port;
  flow.key.protocol = static_cast<Protocol>(stored.protocol);
  flow.key.family = stored.family == 4 ? Family::ipv4 : Family::ipv6;
  flow.opened_at = time_of(stored.opened_at);
  flow.last_packet = time_of(stored.last_packet);
  flow.expires = time_of(stored.expires);
  for (std::size_t side = 0; side < 2; ++side) {
    flow.packets[side] = stored.packets[side];
    flow.bytes[side] = stored.bytes[side];
  }
  flow.opened_by = stored.opened_by;
  flow.state = static_cast<FlowState>(stored.state);
  flow.originator = static_cast<Originator>(stored.originator);
  flow.restored = stored.restored != 0;
  return flow;
}

// Refuses what JSON calls a number and Number cannot hold: converting 1e49 would be undefined.
template <class Number>
Number read_whole(const json& found) {
  const bool fits = found.is_number_unsigned()
                        ? std::in_range<Number>(found.get<std::uint64_t>())
                        : found.is_number_integer() && std::in_range<Number>(found.get<std::int64_t>());
  if (!fits) throw std::runtime_error("a number that cannot be");
  return found.get<Number>();
}

json count_json(const Count& count) {
  return json::array({count.packets, count.bytes, count_of(count.last_hit)});
}
Count read_count(const json& found) {
  return {read_whole<std::uint64_t>(found.at(0)), read_whole<std::uint64_t>(found.at(1)),
          time_of(read_whole<std::int64_t>(found.at(2)))};
}

template <class Enum>
Enum read_enum(const json& found, std::size_t size) {
  const auto value = read_whole<std::uint64_t>(found);
  if (value >= size) throw std::runtime_error("a value that cannot be");
  return static_cast<Enum>(value);
}

json rule_json(const SavedState::Rule& rule) {
  return json::array({static_cast<unsigned>(rule.identity.kind), rule.identity.owner,
                      static_cast<unsigned>(rule.identity.direction),
                      static_cast<unsigned>(rule.identity.family), rule.identity.rule, rule.identity.match,
                      rule.owner_name, count_json(rule.count)});
}
SavedState::Rule read_rule(const json& found) {
  SavedState::Rule rule;
  rule.identity.kind = read_enum<RuleKind>(found.at(0), 4);
  found.at(1).get_to(rule.identity.owner);
  rule.identity.direction = read_enum<Direction>(found.at(2), 2);
  rule.identity.family = read_enum<Family>(found.at(3), 2);
  found.at(4).get_to(rule.identity.rule);
  found.at(5).get_to(rule.identity.match);
  found.at(6).get_to(rule.owner_name);
  rule.count = read_count(found.at(7));
  return rule;
}

const json& list(const json& head, const char* key) {
  const json& found = head.at(key);
  if (!found.is_array() || found.size() > most_names) throw std::runtime_error("a list that cannot be");
  return found;
}

json parse_head(std::string_view text) {
  constexpr int deepest = 8;
  const auto keep = [](int depth, json::parse_event_t, json&) {
    if (depth > deepest) throw std::runtime_error("nested too deeply");
    return true;
  };
  return json::parse(text, keep);
}

void read_head(const json& head, SavedState& state) {
  if (head.contains("id")) {
    head.at("id").get_to(state.id);
    state.policy = read_whole<std::uint64_t>(head.at("policy"));
  }
  head.at("boot").get_to(state.boot);
  state.saved_at = time_of(read_whole<std::int64_t>(head.at("saved_at")));
  state.saved_unix = read_whole<std::int64_t>(head.at("saved_unix"));
  for (const json& one : list(head, "interfaces")) state.interfaces.push_back(one.get<std::string>());
  for (const json& one : list(head, "rules")) state.rules.push_back(read_rule(one));
  for (const json& one : list(head, "gates"))
    state.gates.push_back({read_enum<Gate>(one.at(0), gate_count),
                           read_enum<Outcome>(one.at(1), outcome_count), read_count(one.at(2))});
  for (const json& one : list(head, "reasons"))
    state.reasons.push_back({read_enum<Reason>(one.at(0), reason_count), read_count(one.at(1))});
  for (const json& one : list(head, "parse_errors"))
    state.parse_errors.push_back(
        {read_enum<ParseError>(one.at(0), parse_error_count), read_count(one.at(1))});
}

}  // namespace

std::string encode(const SavedState& state) {
  json head{{"id", state.id},
            {"policy", state.policy},
            {"boot", state.boot},
            {"saved_at", count_of(state.saved_at)},
            {"saved_unix", state.saved_unix},
            {"interfaces", state.interfaces},
            {"rules", json::array()},
            {"gates", json::array()},
            {"reasons", json::array()},
            {"parse_errors", json::array()}};
  for (const auto& rule : state.rules) head["rules"].push_back(rule_json(rule));
  for (const auto& one : state.gates)
    head["gates"].push_back(json::array(
        {static_cast<unsigned>(one.gate), static_cast<unsigned>(one.outcome), count_json(one.count)}));
  for (const auto& one : state.reasons)
    head["reasons"].push_back(json::array({static_cast<unsigned>(one.which), count_json(one.count)}));
  for (const auto& one : state.parse_errors)
    head["parse_errors"].push_back(json::array({static_cast<unsigned>(one.which), count_json(one.count)}));
  const std::string packed = head.dump(-1, ' ', false, json::error_handler_t::replace);
  const std::uint64_t sizes[2] = {packed.size(), state.flows.size()};
  std::string bytes(first_line);
  bytes.reserve(bytes.size() + sizeof sizes + packed.size() + state.flows.size() * sizeof(StoredFlow));
  bytes.append(reinterpret_cast<const char*>(sizes), sizeof sizes);  // NOLINT: as bytes
  bytes.append(packed);
  for (const Flow& flow : state.flows) {
    const StoredFlow stored = to_stored(flow);
    bytes.append(reinterpret_cast<const char*>(&stored), sizeof stored);  // NOLINT: as bytes
  }
  return bytes;
}

Expected<SavedState, std::string> decode(std::string_view bytes) {
  try {
    if (!bytes.starts_with(first_line) && !bytes.starts_with(first_line_before))
      throw std::runtime_error("not a state of this version");
    bytes.remove_prefix(first_line.size());
    std::uint64_t sizes[2];
    if (bytes.size() < sizeof sizes) throw std::runtime_error("it ends too soon");
    std::memcpy(sizes, bytes.data(), sizeof sizes);
    bytes.remove_prefix(sizeof sizes);
    if (sizes[0] > bytes.size() || sizes[1] != (bytes.size() - sizes[0]) / sizeof(StoredFlow) ||
        (bytes.size() - sizes[0]) % sizeof(StoredFlow) != 0)
      throw std::runtime_error("its parts do not make up its size");
    SavedState state;
    read_head(parse_head(bytes.substr(0, sizes[0])), state);
    bytes.remove_prefix(sizes[0]);
    state.flows.reserve(sizes[1]);
    for (; !bytes.empty(); bytes.remove_prefix(sizeof(StoredFlow))) {
      StoredFlow stored{};
      std::memcpy(&stored, bytes.data(), sizeof stored);
      state.flows.push_back(to_flow(stored, state));
    }
    return state;
  } catch (const std::exception& error) {
    return Unexpected{std::string(error.what())};
  }
}

void shift(SavedState& state, Duration by) {
  const auto move_hit = [by](Count& count) {
    if (count.packets != 0) count.last_hit += by;
  };
  state.saved_at += by;
  for (auto& one : state.rules) move_hit(one.count);
  for (auto& one : state.gates) move_hit(one.count);
  for (auto& one : state.reasons) move_hit(one.count);
  for (auto& one : state.parse_errors) move_hit(one.count);
  for (Flow& flow : state.flows) {
    flow.opened_at += by;
    flow.last_packet += by;
    flow.expires += by;
  }
}

}  // namespace vpcwall
