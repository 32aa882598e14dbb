#include "daemon/queue/packet_message.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/netlink.h>

#include <array>
#include <cstring>
#include <string_view>

namespace vpcwall {
namespace {

// A message of the kernel's, attribute by attribute.
class Message {
 public:
  Message() { header()->nlmsg_len = NLMSG_LENGTH(sizeof(nfgenmsg)); }

  Message& put(std::uint16_t type, const void* data, std::size_t size) {
    nlattr attribute{static_cast<std::uint16_t>(NLA_HDRLEN + size), type};
    std::memcpy(bytes_.data() + header()->nlmsg_len, &attribute, sizeof attribute);
    std::memcpy(bytes_.data() + header()->nlmsg_len + NLA_HDRLEN, data, size);
    header()->nlmsg_len += static_cast<std::uint32_t>(NLA_ALIGN(NLA_HDRLEN + size));
    return *this;
  }
  Message& packet(std::uint32_t id, std::uint8_t hook) {
    const nfqnl_msg_packet_hdr packet{htonl(id), htons(0x0800), hook};
    return put(NFQA_PACKET_HDR, &packet, sizeof packet);
  }
  Message& payload(std::string_view text) { return put(NFQA_PAYLOAD, text.data(), text.size()); }
  [[nodiscard]] PacketMessage read() { return read_packet_message(header()); }

 private:
  [[nodiscard]] nlmsghdr* header() { return reinterpret_cast<nlmsghdr*>(bytes_.data()); }

  alignas(nlmsghdr) std::array<char, 256> bytes_{};
};

TEST(PacketMessage, SaysWhereThePacketIs) {
  const auto hook = [](std::uint8_t number) { return Message().packet(7, number).payload("x").read().hook; };
  EXPECT_EQ(hook(NF_INET_FORWARD), HookPoint::forward);
  EXPECT_EQ(hook(NF_INET_PRE_ROUTING), HookPoint::local_in);
  EXPECT_EQ(hook(NF_INET_LOCAL_IN), HookPoint::local_in);
  EXPECT_EQ(hook(NF_INET_LOCAL_OUT), HookPoint::local_out);
  EXPECT_EQ(hook(NF_INET_POST_ROUTING), HookPoint::local_out);
}

// The queue drops what has no hook that it knows, or no bytes.
TEST(PacketMessage, KnowsNoOtherHook) {
  for (unsigned number = NF_INET_NUMHOOKS; number < 256; ++number)
    EXPECT_FALSE(Message().packet(7, static_cast<std::uint8_t>(number)).payload("x").read().hook) << number;
}

TEST(PacketMessage, HasNoBytesWhereTheKernelCopiedNone) {
  const PacketMessage message = Message().packet(7, NF_INET_FORWARD).read();
  EXPECT_EQ(message.id, 7U);
  EXPECT_TRUE(message.payload.empty());
  EXPECT_EQ(message.whole_length, 0U);
}

TEST(PacketMessage, TakesTheWholeLengthFromTheKernelWhereTheCopyIsShort) {
  const std::uint32_t length = htonl(1500), device = htonl(3);
  const PacketMessage message = Message()
                                    .packet(7, NF_INET_FORWARD)
                                    .put(NFQA_CAP_LEN, &length, sizeof length)
                                    .put(NFQA_IFINDEX_INDEV, &device, sizeof device)
                                    .payload("a copy")
                                    .read();
  EXPECT_EQ(message.whole_length, 1500U);
  EXPECT_EQ(message.in_device, 3U);
  EXPECT_EQ(message.payload.size(), 6U);
}

TEST(PacketMessage, LeavesOutWhatHasAnotherSize) {
  const std::uint8_t byte = 1;
  const PacketMessage message = Message().put(NFQA_PACKET_HDR, &byte, sizeof byte).payload("x").read();
  EXPECT_FALSE(message.id);
  EXPECT_FALSE(message.hook);
}

}  // namespace
}  // namespace vpcwall
