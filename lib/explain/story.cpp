#include "explain/story.h"

#include <utility>

#include "engine/evaluate.h"

namespace vpcwall {
namespace {

constexpr std::size_t scratch_flows = 16;
constexpr FlowHash::Seed scratch_seed{1, 3, 5, 7};

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

bool is_answered(const Packet& request) noexcept {
  if (request.protocol == Protocol::tcp) return !request.tcp_flags.rst;
  if (!is_icmp(request.protocol) || request.transport != Transport::whole) return true;
  return is_icmp_query(request.protocol, request.icmp_type);
}

StoryTeller::StoryTeller(Circumstances circumstances) : circumstances_(std::move(circumstances)) {
  for (const Circumstances::Held& held : circumstances_.held) allowance_.hold(held.interface, held.flows);
}

Story StoryTeller::tell(const CompiledPolicy& policy, const Packet& request, const Journey& journey) const {
  const TimePoint now = circumstances_.now;
  FlowTable flows(scratch_flows, scratch_seed);
  for (const Flow& flow : circumstances_.live)
    if (!has_ended(policy, flow.key)) flows.restore(flow, now);
  const FlowView view{flows, allowance_};

  Story story;
  story.request.packet = request;
  story.request.journey = journey;
  story.request.decision = evaluate(policy, view, {request, journey, now}, &story.request.trace);
  if (!story.request.passes() || !is_answered(request)) return story;

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
  Leg& reply = story.reply.emplace();
  reply.packet = reply_to(request);
  reply.journey = way_back(journey);
  reply.decision = evaluate(policy, view, {reply.packet, reply.journey, now}, &reply.trace);
  return story;
}

std::string describe(const Packet& packet) {
  const bool ports = has_ports(packet.protocol) && packet.transport == Transport::whole;
  std::string text = is_icmp(packet.protocol) || has_ports(packet.protocol)
                         ? to_string(packet.protocol)
                         : "protocol " + to_string(packet.protocol);
  text += ' ' + end_text(packet.source, packet.source_port, ports) + " -> " +
          end_text(packet.destination, packet.destination_port, ports);
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
