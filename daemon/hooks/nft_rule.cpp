#include "daemon/hooks/nft_rule.h"

#include <arpa/inet.h>  // before what the kernel has of the same
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/xt_NFQUEUE.h>
#include <linux/netfilter/xt_bpf.h>
#include <net/if.h>

#include <cstring>
#include <stdexcept>
#include <utility>

namespace vpcwall {
namespace {

constexpr std::uint32_t xor_value = 0;

template <class T>
std::span<const std::byte> bytes_of(const T& value) {
  return std::as_bytes(std::span(&value, 1));
}

NftAttributes data_value(std::span<const std::byte> value) {
  return NftAttributes().bytes(NFTA_DATA_VALUE, value);
}

// An address as a packet has it.
std::vector<std::byte> address_bytes(const IpAddress& address) {
  std::vector<std::byte> bytes(address.family == Family::ipv4 ? 4 : 16);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const std::uint64_t half = i < 8 ? address.high : address.low;
    bytes[i] = static_cast<std::byte>(half >> (56 - 8 * (i % 8)) & 0xffU);
  }
  return bytes;
}

std::vector<std::byte> mask_bytes(Family family, unsigned length) {
  std::vector<std::byte> bytes(family == Family::ipv4 ? 4 : 16);
  for (unsigned bit = 0; bit < length; ++bit) bytes[bit / 8] |= std::byte{0x80} >> (bit % 8);
  return bytes;
}

}  // namespace

void NftRule::say(const std::string& words) {
  if (!text_.empty()) text_ += ' ';
  text_ += words;
}

void NftRule::add(const char* name, NftAttributes attributes) {
  expressions_.push_back({name, std::move(attributes)});
}

void NftRule::load_meta(std::uint32_t key) {
  add("meta", NftAttributes().number(NFTA_META_KEY, key).number(NFTA_META_DREG, NFT_REG_1));
}

void NftRule::load_payload(std::uint32_t base, std::uint32_t offset, std::uint32_t length) {
  add("payload", NftAttributes()
                     .number(NFTA_PAYLOAD_DREG, NFT_REG_1)
                     .number(NFTA_PAYLOAD_BASE, base)
                     .number(NFTA_PAYLOAD_OFFSET, offset)
                     .number(NFTA_PAYLOAD_LEN, length));
}

void NftRule::mask(std::span<const std::byte> bits) {
  const std::vector<std::byte> nothing(bits.size(), std::byte{xor_value});
  add("bitwise", NftAttributes()
                     .number(NFTA_BITWISE_SREG, NFT_REG_1)
                     .number(NFTA_BITWISE_DREG, NFT_REG_1)
                     .number(NFTA_BITWISE_LEN, static_cast<std::uint32_t>(bits.size()))
                     .nest(NFTA_BITWISE_MASK, data_value(bits))
                     .nest(NFTA_BITWISE_XOR, data_value(nothing)));
}

void NftRule::compare(std::uint32_t operation, std::span<const std::byte> value) {
  add("cmp", NftAttributes()
                 .number(NFTA_CMP_SREG, NFT_REG_1)
                 .number(NFTA_CMP_OP, operation)
                 .nest(NFTA_CMP_DATA, data_value(value)));
}

void NftRule::decide(std::uint32_t code, std::string_view chain) {
  NftAttributes verdict;
  verdict.number(NFTA_VERDICT_CODE, code);
  if (!chain.empty()) verdict.text(NFTA_VERDICT_CHAIN, chain);
  add("immediate", NftAttributes()
                       .number(NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT)
                       .nest(NFTA_IMMEDIATE_DATA, NftAttributes().nest(NFTA_DATA_VERDICT, verdict)));
}

NftRule& NftRule::arrives_by(std::uint32_t device) {
  say("iif " + std::to_string(device));
  load_meta(NFT_META_IIF);
  compare(NFT_CMP_EQ, bytes_of(device));
  return *this;
}

NftRule& NftRule::leaves_by(std::uint32_t device) {
  say("oif " + std::to_string(device));
  load_meta(NFT_META_OIF);
  compare(NFT_CMP_EQ, bytes_of(device));
  return *this;
}

void NftRule::has_device(std::uint32_t key, std::string_view word, std::string_view device) {
  say(std::string(word) + " \"" + std::string(device) + '"');
  load_meta(key);
  std::array<char, IFNAMSIZ> name{};
  device.copy(name.data(), name.size() - 1);
  compare(NFT_CMP_EQ, std::as_bytes(std::span(name)));
}

NftRule& NftRule::arrives_by(std::string_view device) {
  has_device(NFT_META_IIFNAME, "iifname", device);
  return *this;
}

NftRule& NftRule::leaves_by(std::string_view device) {
  has_device(NFT_META_OIFNAME, "oifname", device);
  return *this;
}

NftRule& NftRule::is_made_here() { return arrives_by(std::uint32_t{0}); }

NftRule& NftRule::is_for_an_own_address() {
  say("fib daddr type local");
  add("fib", NftAttributes()
                 .number(NFTA_FIB_DREG, NFT_REG_1)
                 .number(NFTA_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE)
                 .number(NFTA_FIB_FLAGS, NFTA_FIB_F_DADDR));
  constexpr std::uint32_t local = 2;  // RTN_LOCAL
  compare(NFT_CMP_EQ, bytes_of(local));
  return *this;
}

void NftRule::has_address(std::uint32_t offset_ipv4, std::uint32_t offset_ipv6, const Prefix& prefix) {
  const bool ipv4 = prefix.base.family == Family::ipv4;
  load_payload(NFT_PAYLOAD_NETWORK_HEADER, ipv4 ? offset_ipv4 : offset_ipv6, ipv4 ? 4 : 16);
  const unsigned whole = ipv4 ? 32 : 128;
  if (prefix.length < whole) mask(mask_bytes(prefix.base.family, prefix.length));
  compare(NFT_CMP_EQ, address_bytes(prefix.base));
}

NftRule& NftRule::comes_from(const Prefix& prefix) {
  say((prefix.base.family == Family::ipv4 ? "ip saddr " : "ip6 saddr ") + to_string(prefix));
  has_address(12, 8, prefix);
  return *this;
}

NftRule& NftRule::goes_to(const Prefix& prefix) {
  say((prefix.base.family == Family::ipv4 ? "ip daddr " : "ip6 daddr ") + to_string(prefix));
  has_address(16, 24, prefix);
  return *this;
}

NftRule& NftRule::has_protocol(Protocol protocol) {
  say(to_string(protocol));
  load_meta(NFT_META_L4PROTO);
  const auto number = static_cast<std::uint8_t>(protocol);
  compare(NFT_CMP_EQ, bytes_of(number));
  return *this;
}

NftRule& NftRule::has_source_port(std::uint16_t port) {
  say("sport " + std::to_string(port));
  load_payload(NFT_PAYLOAD_TRANSPORT_HEADER, 0, 2);
  compare(NFT_CMP_EQ, bytes_of(htons(port)));
  return *this;
}

NftRule& NftRule::has_destination_port(std::uint16_t port) {
  say("dport " + std::to_string(port));
  load_payload(NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2);
  compare(NFT_CMP_EQ, bytes_of(htons(port)));
  return *this;
}

NftRule& NftRule::has_icmpv6_type(std::uint8_t first, std::uint8_t last) {
  say("icmpv6 type " + std::to_string(first) + '-' + std::to_string(last));
  load_meta(NFT_META_L4PROTO);
  const std::uint8_t icmpv6 = IPPROTO_ICMPV6;
  compare(NFT_CMP_EQ, bytes_of(icmpv6));
  load_payload(NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1);
  compare(NFT_CMP_GTE, bytes_of(first));
  compare(NFT_CMP_LTE, bytes_of(last));
  return *this;
}

NftRule& NftRule::has_frame_source(const MacAddress& address) {
  say("ether saddr " + to_string(address));
  load_payload(NFT_PAYLOAD_LL_HEADER, 6, 6);
  compare(NFT_CMP_EQ, std::as_bytes(std::span(address)));
  return *this;
}

NftRule& NftRule::has_frame_destination(const MacAddress& address) {
  say("ether daddr " + to_string(address));
  load_payload(NFT_PAYLOAD_LL_HEADER, 0, 6);
  compare(NFT_CMP_EQ, std::as_bytes(std::span(address)));
  return *this;
}

NftRule& NftRule::is_frame_for_one() {
  say("ether daddr for one");
  load_payload(NFT_PAYLOAD_LL_HEADER, 0, 1);
  const std::uint8_t group = 1, none = 0;
  mask(bytes_of(group));
  compare(NFT_CMP_EQ, bytes_of(none));
  return *this;
}

NftRule& NftRule::has_frame_type(std::uint16_t type) {
  constexpr std::uint16_t ipv4 = 0x0800, ipv6 = 0x86dd;
  say(std::string("ether type ") + (type == ipv4 ? "ip" : type == ipv6 ? "ip6" : std::to_string(type)));
  load_payload(NFT_PAYLOAD_LL_HEADER, 12, 2);
  compare(NFT_CMP_EQ, bytes_of(htons(type)));
  return *this;
}

NftRule& NftRule::carries(Family family) { return has_frame_type(family == Family::ipv4 ? 0x0800 : 0x86dd); }

NftRule& NftRule::program_says_yes(const std::string& name) {
  xt_bpf_info_v1 info{};
  if (name.size() >= sizeof(info.path))
    throw std::runtime_error("the name of a BPF program is too long: " + name);
  say("program " + name);
  info.mode = XT_BPF_MODE_PATH_PINNED;
  name.copy(info.path, name.size());
  add("match", NftAttributes()
                   .text(NFTA_MATCH_NAME, "bpf")
                   .number(NFTA_MATCH_REV, 1)
                   .bytes(NFTA_MATCH_INFO, bytes_of(info)));
  return *this;
}

NftRule& NftRule::program_says_yes(const std::vector<sock_filter>& program) {
  xt_bpf_info_v1 info{};
  if (program.size() > std::size(info.bpf_program)) throw std::runtime_error("a BPF program is too long");
  say("program of " + std::to_string(program.size()) + " instructions");
  info.mode = XT_BPF_MODE_BYTECODE;
  info.bpf_program_num_elem = static_cast<std::uint16_t>(program.size());
  std::memcpy(info.bpf_program, program.data(), program.size() * sizeof(sock_filter));
  add("match", NftAttributes()
                   .text(NFTA_MATCH_NAME, "bpf")
                   .number(NFTA_MATCH_REV, 1)
                   .bytes(NFTA_MATCH_INFO, bytes_of(info)));
  return *this;
}

NftRule& NftRule::count() {
  say("counter");
  add("counter", {});
  return *this;
}

NftRule& NftRule::accept() {
  say("accept");
  decide(NF_ACCEPT);
  return *this;
}

NftRule& NftRule::drop() {
  say("drop");
  decide(NF_DROP);
  return *this;
}

NftRule& NftRule::go_back() {
  say("return");
  decide(static_cast<std::uint32_t>(NFT_RETURN));
  return *this;
}

NftRule& NftRule::go_to(std::string_view chain) {
  say("goto " + std::string(chain));
  decide(static_cast<std::uint32_t>(NFT_GOTO), chain);
  return *this;
}

NftRule& NftRule::jump_to(std::string_view chain) {
  say("jump " + std::string(chain));
  decide(static_cast<std::uint32_t>(NFT_JUMP), chain);
  return *this;
}

NftRule& NftRule::queue(QueueVerdict verdict, std::uint16_t number, bool bypass) {
  say(std::string("queue ") + (bypass ? "flags bypass " : "") + "to " + std::to_string(number));
  if (verdict == QueueVerdict::expression) {
    add("queue", NftAttributes()
                     .half(NFTA_QUEUE_NUM, number)
                     .half(NFTA_QUEUE_TOTAL, 1)
                     .half(NFTA_QUEUE_FLAGS, bypass ? NFT_QUEUE_FLAG_BYPASS : 0));
    return *this;
  }
  xt_NFQ_info_v3 info{};
  info.queuenum = number;
  info.queues_total = 1;
  info.flags = bypass ? NFQ_FLAG_BYPASS : 0;
  add("target", NftAttributes()
                    .text(NFTA_TARGET_NAME, "NFQUEUE")
                    .number(NFTA_TARGET_REV, 3)
                    .bytes(NFTA_TARGET_INFO, bytes_of(info)));
  return *this;
}

NftRule& NftRule::queue_by_hash(std::uint16_t first, std::uint16_t count, bool bypass) {
  say(std::string("queue ") + (bypass ? "flags bypass " : "") + "to symhash mod " + std::to_string(count) +
      " offset " + std::to_string(first));
  add("hash", NftAttributes()
                  .number(NFTA_HASH_TYPE, NFT_HASH_SYM)
                  .number(NFTA_HASH_DREG, NFT_REG_1)
                  .number(NFTA_HASH_MODULUS, count)
                  .number(NFTA_HASH_OFFSET, first));
  add("queue", NftAttributes()
                   .number(NFTA_QUEUE_SREG_QNUM, NFT_REG_1)
                   .half(NFTA_QUEUE_FLAGS, bypass ? NFT_QUEUE_FLAG_BYPASS : 0));
  return *this;
}

NftRule& NftRule::reassemble(Family family) {
  has_protocol(Protocol::udp);
  say("tproxy to :1");
  add("immediate",
      NftAttributes()
          .number(NFTA_IMMEDIATE_DREG, NFT_REG_1)
          .nest(NFTA_IMMEDIATE_DATA, NftAttributes().bytes(NFTA_DATA_VALUE, bytes_of(htons(1)))));
  add("tproxy", NftAttributes()
                    .number(NFTA_TPROXY_FAMILY, family == Family::ipv4 ? NFPROTO_IPV4 : NFPROTO_IPV6)
                    .number(NFTA_TPROXY_REG_PORT, NFT_REG_1));
  return *this;
}

}  // namespace vpcwall
