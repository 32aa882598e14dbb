#include "daemon/queue/packet_message.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>

#include <cstring>

namespace vpcwall {
namespace {

std::optional<HookPoint> hook_point(std::uint8_t hook) noexcept {
  switch (hook) {
    case NF_INET_FORWARD: return HookPoint::forward;
    case NF_INET_PRE_ROUTING:
    case NF_INET_LOCAL_IN: return HookPoint::local_in;
    case NF_INET_POST_ROUTING:
    case NF_INET_LOCAL_OUT: return HookPoint::local_out;
    default: return std::nullopt;
  }
}

std::uint32_t number_of(const nlattr* attribute) noexcept {
  if (mnl_attr_get_payload_len(attribute) < sizeof(std::uint32_t)) return 0;
  return ntohl(mnl_attr_get_u32(attribute));
}

}  // namespace

PacketMessage read_packet_message(const nlmsghdr* message) noexcept {
  PacketMessage found;
  const auto* const end = static_cast<const std::byte*>(mnl_nlmsg_get_payload_tail(message));
  const auto* attribute = static_cast<const nlattr*>(mnl_nlmsg_get_payload_offset(message, sizeof(nfgenmsg)));
  const auto room = [&] { return static_cast<int>(end - reinterpret_cast<const std::byte*>(attribute)); };
  // The walk ends at the first attribute that does not fit into the message.
  for (; mnl_attr_ok(attribute, room()); attribute = mnl_attr_next(attribute)) {
    switch (mnl_attr_get_type(attribute)) {
      case NFQA_PACKET_HDR: {
        nfqnl_msg_packet_hdr header{};
        if (mnl_attr_get_payload_len(attribute) < sizeof header) break;
        std::memcpy(&header, mnl_attr_get_payload(attribute), sizeof header);
        found.id = ntohl(header.packet_id);
        found.hook = hook_point(header.hook);
        break;
      }
      case NFQA_IFINDEX_INDEV: found.in_device = number_of(attribute); break;
      case NFQA_IFINDEX_OUTDEV: found.out_device = number_of(attribute); break;
      case NFQA_CAP_LEN: found.whole_length = number_of(attribute); break;
      case NFQA_PAYLOAD:
        found.payload = {static_cast<const std::byte*>(mnl_attr_get_payload(attribute)),
                         mnl_attr_get_payload_len(attribute)};
        break;
      default: break;
    }
  }
  // The kernel names the whole length only when it copied less.
  if (found.whole_length == 0) found.whole_length = static_cast<std::uint32_t>(found.payload.size());
  return found;
}

}  // namespace vpcwall
