#include "brute_force/brute_force.h"

#include <algorithm>
#include <stdexcept>

#include "brute_force/small_space.h"
#include "engine/shard.h"
#include "explain/story.h"
#include "policy/compile.h"
#include "policy/policy_diff.h"
#include "policy/policy_yaml.h"
#include "reach/difference.h"
#include "reach/reach.h"
#include "twin/twin.h"

namespace vpcwall::brute_force {
namespace {

using Compiled = std::shared_ptr<const CompiledPolicy>;

constexpr TimePoint now{std::chrono::hours(1)};

bool expects_answer(const Packet& request) {
  if (request.protocol != Protocol::icmp && request.protocol != Protocol::icmpv6) return true;
  if (request.transport != Transport::whole) return true;
  constexpr std::uint8_t queries[] = {8, 13, 15, 17};
  if (request.protocol == Protocol::icmpv6) return request.icmp_type == 128;
  return std::find(std::begin(queries), std::end(queries), request.icmp_type) != std::end(queries);
}

const Interface* owner(const Policy& policy, const IpAddress& address) {
  for (const Interface& interface : policy.interfaces)
    for (const Prefix& prefix : interface.addresses)
      if (prefix.contains(address)) return &interface;
  return nullptr;
}

// One host or the other is guarded, and they are not the same one.
bool is_told(const Policy& policy, const IpAddress& source, const IpAddress& destination) {
  return owner(policy, source) != owner(policy, destination);
}

struct Result {
  bool arrives = false, answered = false;
  friend bool operator==(const Result&, const Result&) = default;
};

// A shard on which nothing is remembered: what was before goes with all interfaces (C-67).
class Host {
 public:
  // Until the next Host of the thread.
  explicit Host(const Compiled& policy) : policy_(policy) {
    shard().adopt(std::make_shared<const CompiledPolicy>(), now);
    shard().adopt(policy_, now);
    shard().sweep(now, shard().flows().places());
    if (shard().flows().size() != 0) throw std::logic_error("a flow outlived its interface");
  }

  bool passes(const Packet& packet) {
    return shard().judge(*policy_, {packet, find_journey(*policy_, packet, {}), now}).verdict ==
           Verdict::accept;
  }
  Result ask(const Packet& request) {
    Result result{passes(request), false};
    result.answered = result.arrives && expects_answer(request) && passes(reply_to(request));
    return result;
  }
  void change(const Compiled& policy) {
    policy_ = policy;
    shard().adopt(policy_, now);
  }

 private:
  static Shard& shard() {
    static FlowAllowance allowance;
    static Shard one(8, {1, 2, 3, 4}, allowance);
    return one;
  }
  Compiled policy_;
};

// Six days pass between two requests, so that no flow of one is there for the next.
class TwinHost {
 public:
  explicit TwinHost(const Policy& policy) : twin_(policy) {}

  Result ask(const Packet& request) {
    at_ += std::chrono::hours(6 * 24);
    Result result{twin_.packet(request, {}, at_).accept, false};
    result.answered =
        result.arrives && expects_answer(request) && twin_.packet(reply_to(request), {}, at_).accept;
    return result;
  }

 private:
  twin::Twin twin_;
  Duration at_{};
};

bool covers(const std::vector<PortRange>& ranges, std::uint16_t port) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [port](const PortRange& range) { return range.contains(port); });
}

bool covers(const TrafficSlice& slice, const TrafficSpace& space, const Packet& packet) {
  if (slice.unnamed)
    return std::find(space.unnamed.begin(), space.unnamed.end(), packet.protocol) != space.unnamed.end();
  if (slice.protocol != packet.protocol) return false;
  unsigned value = 0;
  if (packet.transport == Transport::whole)
    value = packet.protocol == Protocol::tcp || packet.protocol == Protocol::udp
                ? packet.destination_port
                : packet.icmp_type * 256U + packet.icmp_code;
  return slice.first <= value && value <= slice.last;
}

template <class Found, class AnyLine>
bool covers(const Found& found, const AnyLine& line, const IpAddress& source, const IpAddress& destination) {
  const auto end = [&](std::size_t endpoint, const std::vector<AddressRange>& some,
                       const IpAddress& address) {
    if (line.family != address.family) return false;
    return some.empty()
               ? contains(found.endpoints.addresses(found.endpoints.all[endpoint], line.family), address)
               : contains(some, address);
  };
  return end(line.from, line.sources, source) && end(line.to, line.destinations, destination);
}

// The lines that speak of these two addresses.
template <class AnyLine, class Found>
std::vector<const AnyLine*> lines_between(const Found& found, const IpAddress& source,
                                          const IpAddress& destination) {
  std::vector<const AnyLine*> some;
  for (const AnyLine& line : found.lines)
    if (covers(found, line, source, destination)) some.push_back(&line);
  return some;
}

std::string text_of(const char* what, const Packet& packet) {
  return std::string(what) + ": " + describe(packet);
}
std::string text_of(const Result& result) {
  return std::string(result.arrives ? "arrives" : "refused") + (result.answered ? ", answered" : "");
}

// What the lines say of one request; a mistake when two of them speak of it.
std::optional<std::string> said(const Reach& reach, const std::vector<const ReachLine*>& lines,
                                const Packet& request, Result& result) {
  const ReachLine* telling = nullptr;
  for (const ReachLine* line : lines) {
    if (!covers(line->slice, reach.spaces[at(line->family)], request)) continue;
    if (telling != nullptr) return text_of("two lines speak of it", request);
    telling = line;
  }
  result = {};
  if (telling == nullptr) return std::nullopt;
  const Reachable& found = telling->result;
  const bool ports = has_ports(request.protocol);
  result.arrives = !ports || covers(found.clients, request.source_port);
  result.answered = result.arrives &&
                    (ports ? covers(found.answered, request.source_port) : found.reply == ReplyFate::passes);
  const bool none = found.reply == ReplyFate::none;
  if (none == expects_answer(request)) return text_of("reply none is wrong", request);
  return std::nullopt;
}

std::optional<std::string> compare_pair(const Policy& policy, const Compiled& compiled, const Reach& reach,
                                        const IpAddress& source, const IpAddress& destination,
                                        PortSpace ports, Tally& tally) {
  const auto lines = lines_between<ReachLine>(reach, source, destination);
  if (!is_told(policy, source, destination))
    return lines.empty() ? std::nullopt : std::optional<std::string>("a line about what is not told");
  TwinHost twin(policy);
  for (const Packet& request : requests(source, destination, ports)) {
    const Result engine = Host(compiled).ask(request);
    if (const Result other = twin.ask(request); other != engine)
      return text_of("engine and twin differ", request) + ": " + text_of(engine) + " / " + text_of(other);
    Result line;
    if (const auto mistake = said(reach, lines, request, line)) return mistake;
    if (line != engine)
      return text_of("reach differs", request) + ": " + text_of(line) + ", engine: " + text_of(engine);
    ++tally.packets;
    tally.reached += engine.arrives ? 1U : 0U;
    tally.answered += engine.answered ? 1U : 0U;
  }
  return std::nullopt;
}

// Every line's witness is a packet that the line speaks of.
template <class AnyLine, class Found>
std::optional<std::string> check_witnesses(const Found& found) {
  for (const AnyLine& line : found.lines)
    if (!covers(found, line, line.witness.source, line.witness.destination) ||
        !covers(line.slice, found.spaces[at(line.family)], line.witness) ||
        (has_ports(line.witness.protocol) && !covers(line.result.clients, line.witness.source_port)))
      return text_of("is no witness of its line", line.witness);
  return std::nullopt;
}

RequestFate fate_of(const Policy& policy, const Policy& other, const Compiled& compiled,
                    const Packet& request) {
  for (const IpAddress& end : {request.source, request.destination})
    if (owner(policy, end) == nullptr && owner(other, end) != nullptr) return RequestFate::absent;
  const Result result = Host(compiled).ask(request);
  if (!result.arrives) return RequestFate::refused;
  return result.answered || !expects_answer(request) ? RequestFate::answered : RequestFate::half_open;
}

// Opened under the first policy, carried on under the second.
ConnectionFate connection_of(const Compiled& before, const Compiled& after, const Packet& request) {
  Host host(before);
  (void)host.ask(request);
  Packet onward = request, back = reply_to(request);
  if (request.protocol == Protocol::tcp) {
    onward.tcp_flags = back.tcp_flags = TcpFlags::from_byte(0x10);
    (void)host.passes(onward);
  }
  host.change(after);
  const bool goes = host.passes(onward), comes = host.passes(back);
  if (goes) return comes ? ConnectionFate::lives_on : ConnectionFate::cut_backward;
  return comes ? ConnectionFate::cut_onward : ConnectionFate::cut;
}

struct Versions {
  const Policy& before;
  const Policy& after;
  Compiled compiled_before, compiled_after;
};

TrafficChange expected_change(const Versions& versions, const Packet& request) {
  TrafficChange change;
  change.before = fate_of(versions.before, versions.after, versions.compiled_before, request);
  change.after = fate_of(versions.after, versions.before, versions.compiled_after, request);
  if (change.before == RequestFate::answered && expects_answer(request))
    change.connection = change.after == RequestFate::absent
                            ? ConnectionFate::cut
                            : connection_of(versions.compiled_before, versions.compiled_after, request);
  return change;
}

std::string text_of(const TrafficChange& change) {
  return std::string(to_string(change.before)) + " -> " + std::string(to_string(change.after)) +
         ", connection " + std::string(to_string(change.connection));
}

std::optional<std::string> compare_pair(const Versions& versions, const TrafficDifference& difference,
                                        const IpAddress& source, const IpAddress& destination,
                                        PortSpace ports, Tally& tally) {
  const auto lines = lines_between<ChangeLine>(difference, source, destination);
  if (!is_told(versions.before, source, destination) && !is_told(versions.after, source, destination))
    return lines.empty() ? std::nullopt : std::optional<std::string>("a line about what is not told");
  for (const Packet& request : requests(source, destination, ports)) {
    const TrafficChange expected = expected_change(versions, request);
    const ChangeLine* telling = nullptr;
    for (const ChangeLine* line : lines) {
      if (!covers(line->slice, difference.spaces[at(line->family)], request)) continue;
      if (has_ports(request.protocol) && !covers(line->result.clients, request.source_port)) continue;
      if (telling != nullptr) return text_of("two lines speak of it", request);
      telling = line;
    }
    ++tally.packets;
    if (expected.kind().has_value() != (telling != nullptr))
      return text_of(telling != nullptr ? "diff is wrong" : "diff misses it", request) + ": " +
             text_of(expected);
    if (telling == nullptr) continue;
    const TrafficChange& found = telling->result;
    if (found.before != expected.before || found.after != expected.after ||
        found.connection != expected.connection)
      return text_of("diff differs", request) + ": " + text_of(found) + ", engine: " + text_of(expected);
    ++tally.changed;
    tally.cut += is_cut(found.connection) ? 1U : 0U;
    tally.cut_only += found.kind() == ChangeKind::cut ? 1U : 0U;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> compare_reach(const Policy& policy, PortSpace ports, Tally& tally) {
  ReachOptions options;
  options.client_ports = client_ports(ports);
  options.everything = true;
  const auto reach = find_reach(policy, options);
  if (!reach) return reach.error();
  if (auto mistake = check_witnesses<ReachLine>(*reach)) return mistake;
  tally.lines += reach->lines.size();
  for (const Family family : {Family::ipv4, Family::ipv6})
    for (const IpAddress& source : addresses(family))
      for (const IpAddress& destination : addresses(family))
        if (auto mistake = compare_pair(policy, reach->policy, *reach, source, destination, ports, tally))
          return mistake;
  return std::nullopt;
}

std::optional<std::string> compare_difference(const Policy& before, const Policy& after, PortSpace ports,
                                              Tally& tally) {
  DifferenceOptions options;
  options.client_ports = client_ports(ports);
  const auto difference = find_difference(before, after, options);
  if (!difference) return difference.error();
  if (auto mistake = check_witnesses<ChangeLine>(*difference)) return mistake;
  if (!difference->lines.empty() && diff_policies(before, after).empty())
    return "verdicts change, and no rule does";
  tally.lines += difference->lines.size();
  CompileContext context;
  const Versions versions{before, after, compile(before, context, 1), compile(after, context, 2)};
  for (const Family family : {Family::ipv4, Family::ipv6})
    for (const IpAddress& source : addresses(family))
      for (const IpAddress& destination : addresses(family))
        if (auto mistake = compare_pair(versions, *difference, source, destination, ports, tally))
          return mistake;
  return std::nullopt;
}

std::optional<std::string> compare_numbered(std::uint64_t seed, std::uint64_t number, Tally& reach,
                                            Tally& difference) {
  std::mt19937_64 random(seed * 0x9e3779b97f4a7c15U +
                         number);  // each by itself, so that one can be played again
  const PortSpace ports = random_ports(random);
  const Policy before = random_policy(random, ports);
  const Policy after = changed(before, random, ports);
  auto mistake = compare_reach(before, ports, reach);
  if (!mistake) mistake = compare_difference(before, after, ports, difference);
  if (!mistake) return std::nullopt;
  return "policy " + std::to_string(number) + " of seed " + std::to_string(seed) + ": " + *mistake +
         "\n# before\n" + emit_policy(before) + "# after\n" + emit_policy(after);
}

}  // namespace vpcwall::brute_force
