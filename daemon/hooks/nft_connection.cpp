#include "daemon/hooks/nft_connection.h"

#include <arpa/inet.h>
#include <endian.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "daemon/hooks/netlink_attributes.h"

namespace vpcwall {
namespace {

constexpr std::array families{NftFamily::ip, NftFamily::ip6, NftFamily::netdev};
constexpr std::uint32_t flag_owner = 2, flag_persist = 4;  // NFT_TABLE_F_*; older headers lack the last
constexpr int patience_seconds = 10;

[[noreturn]] void fail(const std::string& what, int error) {
  throw std::system_error(error, std::generic_category(), what);
}

// What is tried has a name of its own, so that nothing of what is there matters: ours may belong to another
// process.
constexpr std::string_view probe_table = "vpcwall-probe";

NftAttributes of_table(std::uint16_t type, std::string_view table = nft_table) {
  return NftAttributes().text(type, table);
}

std::uint64_t big_endian_64(const nlattr* attribute) { return be64toh(mnl_attr_get_u64(attribute)); }
std::uint32_t big_endian_32(const nlattr* attribute) { return ntohl(mnl_attr_get_u32(attribute)); }

NftHook hook_of(const nlattr* nest) {
  NftHook hook;
  each_nested(nest, [&](const nlattr* value) {
    const auto type = mnl_attr_get_type(value);
    if (type == NFTA_HOOK_HOOKNUM) hook.number = big_endian_32(value);
    if (type == NFTA_HOOK_PRIORITY) hook.priority = static_cast<std::int32_t>(big_endian_32(value));
    if (type == NFTA_HOOK_DEV) hook.device = mnl_attr_get_str(value);
  });
  return hook;
}

std::uint64_t counted_by(const nlattr* expressions) {
  std::uint64_t packets = 0;
  each_nested(expressions, [&](const nlattr* element) {
    bool counter = false;
    each_nested(element, [&](const nlattr* value) {
      const auto type = mnl_attr_get_type(value);
      if (type == NFTA_EXPR_NAME) counter = std::strcmp(mnl_attr_get_str(value), "counter") == 0;
      if (type != NFTA_EXPR_DATA || !counter) return;
      each_nested(value, [&](const nlattr* number) {
        if (mnl_attr_get_type(number) == NFTA_COUNTER_PACKETS) packets += big_endian_64(number);
      });
    });
  });
  return packets;
}

// FNV-1a: it has to notice a change, not an attack, because who may write rules may also take ours away.
std::uint64_t digest_of(const nlattr* expressions) {
  std::uint64_t digest = 0xcbf29ce484222325U;
  const auto add = [&digest](const nlattr* attribute) {
    const auto* bytes = static_cast<const std::uint8_t*>(mnl_attr_get_payload(attribute));
    for (std::size_t i = 0; i < mnl_attr_get_payload_len(attribute); ++i)
      digest = (digest ^ bytes[i]) * 0x100000001b3U;
  };
  each_nested(expressions, [&](const nlattr* element) {
    bool counter = false;
    each_nested(element, [&](const nlattr* value) {
      if (mnl_attr_get_type(value) == NFTA_EXPR_NAME)
        counter = std::strcmp(mnl_attr_get_str(value), "counter") == 0;
      if (mnl_attr_get_type(value) == NFTA_EXPR_NAME || !counter) add(value);
    });
  });
  return digest;
}

NftAttributes encode(const NftHook& hook) {
  NftAttributes attributes;
  attributes.number(NFTA_HOOK_HOOKNUM, hook.number)
      .number(NFTA_HOOK_PRIORITY, static_cast<std::uint32_t>(hook.priority));
  if (!hook.device.empty()) attributes.text(NFTA_HOOK_DEV, hook.device);
  return attributes;
}

NftAttributes encode(const NftChain& chain, std::string_view table = nft_table) {
  NftAttributes attributes = of_table(NFTA_CHAIN_TABLE, table);
  attributes.text(NFTA_CHAIN_NAME, chain.name);
  if (!chain.hook) return attributes;
  return attributes.nest(NFTA_CHAIN_HOOK, encode(*chain.hook))
      .number(NFTA_CHAIN_POLICY, NF_ACCEPT)
      .text(NFTA_CHAIN_TYPE, "filter");
}

NftAttributes encode(const NftRule& rule, std::string_view table = nft_table) {
  NftAttributes expressions;
  for (const NftExpression& one : rule.expressions())
    expressions.nest(NFTA_LIST_ELEM,
                     NftAttributes().text(NFTA_EXPR_NAME, one.name).nest(NFTA_EXPR_DATA, one.attributes));
  return of_table(NFTA_RULE_TABLE, table)
      .text(NFTA_RULE_CHAIN, rule.chain())
      .nest(NFTA_RULE_EXPRESSIONS, expressions);
}

const NftChain* find(const NftTable& table, const std::string& name) {
  const auto at = std::find_if(table.chains.begin(), table.chains.end(),
                               [&](const NftChain& chain) { return chain.name == name; });
  return at == table.chains.end() ? nullptr : &*at;
}

}  // namespace

// Messages of one transaction.
struct NftConnection::Batch {
  explicit Batch(std::uint32_t& sequence) : sequence(sequence) {
    put(NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES, {});
  }

  void add(std::uint16_t kind, std::uint16_t flags, std::uint8_t family, const NftAttributes& attributes) {
    last = bytes.size();
    put(static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8U | kind), flags, family, 0, attributes);
  }
  void add(std::uint16_t kind, std::uint16_t flags, NftFamily family, const NftAttributes& attributes) {
    add(kind, flags, static_cast<std::uint8_t>(family), attributes);
  }
  void end() { put(NFNL_MSG_BATCH_END, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES, {}); }
  // The kernel answers one message: the last one, or each that it refuses.
  std::uint32_t ask_for_answer() {
    auto* message = reinterpret_cast<nlmsghdr*>(bytes.data() + last);
    message->nlmsg_flags |= NLM_F_ACK;
    return message->nlmsg_seq;
  }

  void put(std::uint16_t type, std::uint16_t flags, std::uint8_t family, std::uint16_t resource,
           const NftAttributes& attributes) {
    const std::vector<std::byte>& body = attributes.encoded();
    const nlmsghdr header{static_cast<std::uint32_t>(NLMSG_HDRLEN + sizeof(nfgenmsg) + body.size()), type,
                          static_cast<std::uint16_t>(NLM_F_REQUEST | flags), ++sequence, 0};
    const nfgenmsg generic{family, NFNETLINK_V0, htons(resource)};
    const auto append = [this](std::span<const std::byte> part) {
      bytes.insert(bytes.end(), part.begin(), part.end());
    };
    append(std::as_bytes(std::span(&header, 1)));
    append(std::as_bytes(std::span(&generic, 1)));
    append(body);
  }

  std::uint32_t& sequence;
  std::vector<std::byte> bytes;
  std::size_t last = 0;
};

NftConnection::NftConnection() : socket_(open_netfilter_socket()) {
  if (!socket_) fail("netlink", errno);
  const timeval patience{patience_seconds, 0};
  (void)::setsockopt(mnl_socket_get_fd(socket_.get()), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const int buffer = 4 << 20;  // many refusals at once
  (void)::setsockopt(mnl_socket_get_fd(socket_.get()), SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer);
}

int NftConnection::ask(std::uint16_t kind, std::uint16_t flags, NftFamily family,
                       const NftAttributes& attributes, const Message& each) {
  Batch request(sequence_);
  request.bytes.clear();
  request.add(kind, flags, family, attributes);
  const std::uint32_t sequence = sequence_;
  if (mnl_socket_sendto(socket_.get(), request.bytes.data(), request.bytes.size()) < 0)
    fail("netlink", errno);
  std::vector<char> buffer(1U << 16U);
  for (;;) {
    const ssize_t got = mnl_socket_recvfrom(socket_.get(), buffer.data(), buffer.size());
    if (got < 0) fail("nftables does not answer", errno);
    auto left = static_cast<int>(got);
    for (auto* message = reinterpret_cast<nlmsghdr*>(buffer.data()); mnl_nlmsg_ok(message, left);
         message = mnl_nlmsg_next(message, &left)) {
      if (message->nlmsg_seq != sequence) continue;
      if ((message->nlmsg_flags & NLM_F_DUMP_INTR) != 0) return EINTR;
      if (message->nlmsg_type == NLMSG_DONE) return 0;
      if (message->nlmsg_type == NLMSG_ERROR)
        return -static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(message))->error;
      each(*message);
    }
  }
}

NftFound NftConnection::look(bool with_rules) {
  NftFound found;
  for (const NftFamily family : families) {
    for (;;) {
      NftFoundTable table;
      const int error =
          ask(NFT_MSG_GETTABLE, NLM_F_ACK, family, of_table(NFTA_TABLE_NAME), [&](const nlmsghdr& message) {
            each_attribute(message, sizeof(nfgenmsg), [&](const nlattr* value) {
              const auto type = mnl_attr_get_type(value);
              if (type == NFTA_TABLE_HANDLE) table.handle = big_endian_64(value);
              if (type == NFTA_TABLE_FLAGS) table.flags = big_endian_32(value);
            });
          });
      if (error == ENOENT || error == EAFNOSUPPORT) break;
      if (error != 0) fail("nftables does not tell of our table", error);
      try {
        look_at(family, table, with_rules);
      } catch (const std::system_error& failure) {
        if (failure.code().value() == EINTR) continue;  // it changed meanwhile
        throw;
      }
      found.emplace(family, std::move(table));
      break;
    }
  }
  return found;
}

void NftConnection::look_at(NftFamily family, NftFoundTable& table, bool with_rules) {
  int error =
      ask(NFT_MSG_GETCHAIN, NLM_F_DUMP, family, of_table(NFTA_CHAIN_TABLE), [&](const nlmsghdr& message) {
        NftFoundChain chain;
        std::string name, of;
        each_attribute(message, sizeof(nfgenmsg), [&](const nlattr* value) {
          const auto type = mnl_attr_get_type(value);
          if (type == NFTA_CHAIN_TABLE) of = mnl_attr_get_str(value);
          if (type == NFTA_CHAIN_NAME) name = mnl_attr_get_str(value);
          if (type == NFTA_CHAIN_HANDLE) chain.handle = big_endian_64(value);
          if (type == NFTA_CHAIN_HOOK) chain.hook = hook_of(value);
          if (type == NFTA_CHAIN_POLICY) chain.accepts = big_endian_32(value) == NF_ACCEPT;
        });
        if (of == nft_table) table.chains[name] = std::move(chain);
      });
  if (error == 0 && with_rules)
    error = ask(NFT_MSG_GETRULE, NLM_F_DUMP, family, of_table(NFTA_RULE_TABLE), [&](const nlmsghdr& message) {
      std::uint64_t handle = 0, digest = 0, counted = 0;
      std::string chain, of;
      each_attribute(message, sizeof(nfgenmsg), [&](const nlattr* value) {
        const auto type = mnl_attr_get_type(value);
        if (type == NFTA_RULE_TABLE) of = mnl_attr_get_str(value);
        if (type == NFTA_RULE_CHAIN) chain = mnl_attr_get_str(value);
        if (type == NFTA_RULE_HANDLE) handle = big_endian_64(value);
        if (type == NFTA_RULE_EXPRESSIONS) {
          counted = counted_by(value);
          digest = digest_of(value);
        }
      });
      if (of != nft_table) return;
      table.chains[chain].rules.push_back({handle, digest});
      table.chains[chain].counted += counted;
    });
  if (error != 0) fail("nftables does not tell of our rules", error);
}

// 0, or the first error. The kernel has done its work when the message is sent.
int NftConnection::send(Batch& batch, bool commit) {
  const std::uint32_t awaited = batch.ask_for_answer();
  if (commit) batch.end();
  const auto size = static_cast<int>(batch.bytes.size()) * 2;
  (void)::setsockopt(mnl_socket_get_fd(socket_.get()), SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
  if (mnl_socket_sendto(socket_.get(), batch.bytes.data(), batch.bytes.size()) < 0) return errno;
  std::vector<char> buffer(1U << 16U);
  int first = 0;
  bool answered = false;
  for (;;) {
    // All answers are there; what there is no more of is a refusal that stopped at an earlier message.
    const ssize_t got = ::recv(mnl_socket_get_fd(socket_.get()), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0) return first != 0 ? first : answered ? 0 : errno == EAGAIN ? EPROTO : errno;
    auto left = static_cast<int>(got);
    for (auto* message = reinterpret_cast<nlmsghdr*>(buffer.data()); mnl_nlmsg_ok(message, left);
         message = mnl_nlmsg_next(message, &left)) {
      if (message->nlmsg_type != NLMSG_ERROR) continue;
      const int error = -static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(message))->error;
      if (first == 0) first = error;
      answered = answered || message->nlmsg_seq == awaited;
    }
  }
}

void NftConnection::replace(const std::vector<NftTable>& tables, NftOwnership ownership) {
  const std::uint32_t flags = ownership == NftOwnership::owned ? flag_owner | flag_persist : 0U;
  const NftFound found = look(false);
  Batch batch(sequence_);
  const auto remove_table = [&](NftFamily family) {
    batch.add(NFT_MSG_DELTABLE, 0, family, of_table(NFTA_TABLE_NAME));
  };
  for (const auto& [family, table] : found)
    if (std::none_of(tables.begin(), tables.end(),
                     [&, f = family](const NftTable& one) { return one.family == f; }))
      remove_table(family);
  for (const NftTable& table : tables) {
    const auto at = found.find(table.family);
    // One that has lost its owner keeps the flag that says so, and can be taken over.
    bool kept = at != found.end() && (at->second.flags & flag_persist) == (flags & flag_persist);
    if (at != found.end() && !kept) remove_table(table.family);
    if (!kept || at->second.flags != flags) {
      NftAttributes attributes = of_table(NFTA_TABLE_NAME);
      batch.add(NFT_MSG_NEWTABLE, NLM_F_CREATE, table.family, attributes.number(NFTA_TABLE_FLAGS, flags));
    }
    if (kept) {
      batch.add(NFT_MSG_DELRULE, 0, table.family, of_table(NFTA_RULE_TABLE));
      for (const auto& [name, chain] : at->second.chains) {
        const NftChain* wanted = find(table, name);
        if (wanted != nullptr && wanted->hook == chain.hook && chain.accepts) continue;
        batch.add(NFT_MSG_DELCHAIN, 0, table.family, of_table(NFTA_CHAIN_TABLE).text(NFTA_CHAIN_NAME, name));
      }
    }
    for (const NftChain& chain : table.chains) {
      const auto there = kept ? at->second.chains.find(chain.name) : decltype(at->second.chains.end()){};
      if (kept && there != at->second.chains.end() && there->second.hook == chain.hook &&
          there->second.accepts)
        continue;
      batch.add(NFT_MSG_NEWCHAIN, NLM_F_CREATE, table.family, encode(chain));
    }
    for (const NftChain& chain : table.chains)
      for (const NftRule& rule : chain.rules)
        batch.add(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, table.family, encode(rule));
  }
  if (batch.last == 0) return;
  if (const int error = send(batch, true); error != 0) fail("nftables refused the hook rules", error);
}

void NftConnection::remove() {
  Batch batch(sequence_);
  for (const auto& [family, table] : look(false))
    batch.add(NFT_MSG_DELTABLE, 0, family, of_table(NFTA_TABLE_NAME));
  if (batch.last == 0) return;
  if (const int error = send(batch, true); error != 0)
    fail("nftables refused to remove the hook rules", error);
}

void NftConnection::remove_earlier() {
  constexpr auto inet = static_cast<NftFamily>(NFPROTO_INET);
  if (ask(NFT_MSG_GETTABLE, NLM_F_ACK, inet, of_table(NFTA_TABLE_NAME), [](const nlmsghdr&) {}) != 0) return;
  Batch batch(sequence_);
  batch.add(NFT_MSG_DELTABLE, 0, inet, of_table(NFTA_TABLE_NAME));
  if (const int error = send(batch, true); error != 0)
    fail("nftables refused to remove the rules of an earlier version", error);
}

int NftConnection::refusal(const std::vector<NftTable>& tables) {
  Batch batch(sequence_);
  for (const NftTable& table : tables) {
    batch.add(NFT_MSG_NEWTABLE, NLM_F_CREATE, table.family, of_table(NFTA_TABLE_NAME, probe_table));
    for (const NftChain& chain : table.chains)
      batch.add(NFT_MSG_NEWCHAIN, NLM_F_CREATE, table.family, encode(chain, probe_table));
    for (const NftChain& chain : table.chains)
      for (const NftRule& rule : chain.rules)
        batch.add(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, table.family, encode(rule, probe_table));
  }
  return send(batch, false);  // without its end the kernel forgets a transaction
}

bool NftConnection::can_own() {
  Batch batch(sequence_);
  batch.add(
      NFT_MSG_NEWTABLE, NLM_F_CREATE, NftFamily::ip,
      NftAttributes().text(NFTA_TABLE_NAME, probe_table).number(NFTA_TABLE_FLAGS, flag_owner | flag_persist));
  return send(batch, false) == 0;
}

int NftConnection::refusal_of_extension(const std::string& name, std::uint32_t revision, bool target) {
  NftAttributes attributes;
  attributes.text(NFTA_COMPAT_NAME, name).number(NFTA_COMPAT_REV, revision).number(NFTA_COMPAT_TYPE, target);
  Batch request(sequence_);
  request.bytes.clear();
  // Asked for the one family by whose name the kernel finds the module.
  request.put((NFNL_SUBSYS_NFT_COMPAT << 8U) | NFNL_MSG_COMPAT_GET, NLM_F_ACK, NFPROTO_IPV4, 0, attributes);
  request.last = 0;
  const std::uint32_t sequence = sequence_;
  if (mnl_socket_sendto(socket_.get(), request.bytes.data(), request.bytes.size()) < 0) return errno;
  std::vector<char> buffer(1U << 13U);
  for (;;) {
    const ssize_t got = mnl_socket_recvfrom(socket_.get(), buffer.data(), buffer.size());
    if (got < 0) return errno;
    auto left = static_cast<int>(got);
    for (auto* message = reinterpret_cast<nlmsghdr*>(buffer.data()); mnl_nlmsg_ok(message, left);
         message = mnl_nlmsg_next(message, &left))
      if (message->nlmsg_seq == sequence && message->nlmsg_type == NLMSG_ERROR)
        return -static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(message))->error;
  }
}

}  // namespace vpcwall
