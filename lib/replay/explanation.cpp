#include "replay/explanation.h"

#include <utility>

#include "engine/shard.h"

namespace vpcwall {
namespace {

constexpr std::size_t scratch_flows = 16;
constexpr FlowHash::Seed scratch_seed{1, 3, 5, 7};

std::string endpoint(const IpAddress& address, std::uint16_t port, bool with_port) {
  if (!with_port) return to_string(address);
  const std::string text = to_string(address);
  return (address.family == Family::ipv6 ? '[' + text + ']' : text) + ':' + std::to_string(port);
}

nlohmann::ordered_json leg_json(const Leg& leg, const CompiledPolicy& policy, const CounterSlots& slots) {
  nlohmann::ordered_json json;
  json["packet"] = describe(leg.packet);
  json.update(to_json(leg.decision, policy, slots));
  for (std::size_t i = 0; i < leg.trace.steps.size(); ++i) {
    const TraceStep& step = leg.trace.steps[i];
    auto& gate = json["gates"][i];
    if (step.gate.rule != no_slot) gate["match"] = slots.identity(step.gate.rule).match;
    gate["considered"] = step.considered;
    if (step.flow) gate["flow"] = to_string(step.flow->state);
  }
  return json;
}

std::string place_of(const nlohmann::ordered_json& gate) {
  const std::string name = gate.at("gate").get<std::string>();
  if (name == "acl-ingress" || name == "acl-egress")
    return "the network ACL of subnet " + gate.at("subnet").get<std::string>() +
           (name == "acl-ingress" ? " on the way in" : " on the way out");
  if (name == "source-dest-check")
    return "the source/destination check of interface " + gate.at("interface").get<std::string>();
  return "the security groups of interface " + gate.at("interface").get<std::string>() +
         (name == "sg-ingress" ? " on the way in" : " on the way out");
}

std::string cause_of(const nlohmann::ordered_json& gate) {
  if (gate.at("outcome") == "table-full") return "the interface's connection table is full";
  if (gate.at("gate") == "source-dest-check") return "the address is not the interface's own";
  const std::string rule = gate.value("rule", "");
  if (rule == "*") return "no entry matches, so `*` denies";
  if (!rule.empty()) return "entry " + rule + " denies";
  return "no rule of its groups allows it";
}

std::string sentence(const nlohmann::ordered_json& json) {
  if (json.at("verdict") == "pass") {
    const auto& gates = json.at("request").at("gates");
    if (gates.empty()) return "Not filtered: no guarded interface takes part, or a host talks to itself.";
    if (gates.at(0).at("gate") == "exempt") return "Not filtered: the peer is a service that AWS exempts.";
    return "The request arrives and its reply comes back.";
  }
  const bool request = json.at("blocked_at").at("direction") == "request";
  const auto& gate = json.at(request ? "request" : "reply").at("gates").back();
  return std::string(request ? "The request" : "The request arrives, but its reply") + " is dropped by " +
         place_of(gate) + ": " + cause_of(gate) + '.';
}

}  // namespace

Packet reply_to(const Packet& request) noexcept {
  Packet reply = request;
  std::swap(reply.source, reply.destination);
  std::swap(reply.source_port, reply.destination_port);
  reply.quoted.reset();
  if (request.protocol == Protocol::tcp) {
    reply.tcp_flags.ack = true;
    reply.tcp_flags.syn = request.tcp_flags.syn && !request.tcp_flags.ack;
  }
  for (unsigned type = 0; type < 256 && is_icmp(request.protocol); ++type)
    if (answered_query(request.protocol, static_cast<std::uint8_t>(type)) == request.icmp_type) {
      reply.icmp_type = static_cast<std::uint8_t>(type);
      break;
    }
  return reply;
}

Explanation explain(const CompiledPolicy& policy, std::span<const Flow> live, const Packet& request,
                    const Journey& journey, TimePoint now) {
  FlowAllowance allowance;
  FlowTable flows(scratch_flows, scratch_seed);
  for (const Flow& flow : live) flows.restore(flow, now);
  const FlowView view{flows, allowance};

  Explanation story;
  story.request.packet = request;
  story.request.decision = evaluate(policy, view, {request, journey, now}, &story.request.trace);
  if (story.request.decision.verdict == Verdict::drop) return story;

  // What the request leaves behind: the flows it opens, on the story's own table.
  for (std::size_t i = 0; i < story.request.decision.effect_size; ++i) {
    const FlowEffect& effect = story.request.decision.effects.at(i);
    if (effect.kind == FlowEffect::Kind::touch) continue;
    flows.erase(effect.key);
    if (effect.kind == FlowEffect::Kind::erase) continue;
    flows.open(effect.key,
               {effect.originator, effect.opened_by, request.tcp_flags, effect.timeouts, request.length},
               now);
  }
  Leg reply{reply_to(request), {}, {}};
  reply.decision =
      evaluate(policy, view, {reply.packet, {journey.enters, journey.leaves}, now}, &reply.trace);
  story.reply = std::move(reply);
  return story;
}

nlohmann::ordered_json to_json(const Explanation& explanation, const CompiledPolicy& policy,
                               const CounterSlots& slots) {
  nlohmann::ordered_json json;
  json["schema"] = "vpcwall/explain/1";
  json["verdict"] = explanation.passes() ? "pass" : "blocked";
  json["request"] = leg_json(explanation.request, policy, slots);
  json["reply"] =
      explanation.reply ? leg_json(*explanation.reply, policy, slots) : nlohmann::ordered_json(nullptr);
  json["blocked_at"] = nullptr;
  if (!explanation.passes()) {
    const bool request = explanation.request.decision.verdict == Verdict::drop;
    const auto& gates = json.at(request ? "request" : "reply").at("gates");
    if (!gates.empty())
      json["blocked_at"] = {{"gate", gates.back().at("gate")},
                            {"direction", request ? "request" : "reply"},
                            {"rule", gates.back().contains("rule") ? gates.back().at("rule")
                                                                   : nlohmann::ordered_json(nullptr)}};
  }
  json["sentence"] = sentence(json);
  return json;
}

std::string describe(const Packet& packet) {
  const bool ports = has_ports(packet.protocol) && packet.transport == Transport::whole;
  std::string text = is_icmp(packet.protocol) || has_ports(packet.protocol)
                         ? to_string(packet.protocol)
                         : "protocol " + to_string(packet.protocol);
  text += ' ' + endpoint(packet.source, packet.source_port, ports) + " -> " +
          endpoint(packet.destination, packet.destination_port, ports);
  if (packet.protocol == Protocol::tcp && ports) {
    std::string letters;
    const TcpFlags& flags = packet.tcp_flags;
    for (const auto& [set, letter] :
         {std::pair(flags.syn, 'S'), std::pair(flags.fin, 'F'), std::pair(flags.rst, 'R'),
          std::pair(flags.psh, 'P'), std::pair(flags.ack, 'A'), std::pair(flags.urg, 'U')})
      if (set) letters += letter;
    text += " [" + letters + ']';
  }
  if (is_icmp(packet.protocol) && packet.transport == Transport::whole)
    text += " type " + std::to_string(packet.icmp_type) + " code " + std::to_string(packet.icmp_code);
  return text;
}

}  // namespace vpcwall
