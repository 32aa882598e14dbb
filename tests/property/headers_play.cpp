#include "property/headers_play.h"

#include <algorithm>
#include <array>

#include "replay/packet_bytes.h"
#include "replay/packet_json.h"
#include "replay/simulation.h"

namespace vpcwall::property {
namespace {

constexpr std::size_t flow_capacity = 4096;
constexpr std::size_t ipv4_header = 20, ipv6_header = 40;

void put_u8(PacketBytes& bytes, std::size_t value) { bytes.push_back(static_cast<std::byte>(value)); }

void set_u16(PacketBytes& bytes, std::size_t at, std::size_t value) {
  bytes[at] = static_cast<std::byte>(value >> 8U);
  bytes[at + 1] = static_cast<std::byte>(value);
}

// A packet as a queue hands it over: `bytes` may be the start of `wire_length` bytes.
struct Copy {
  PacketBytes bytes;
  std::size_t wire_length = 0;
};

class Decorator {
 public:
  explicit Decorator(std::mt19937_64& random) : random_(random) {}

  Copy decorate(const PacketBytes& plain) {
    Copy copy;
    copy.bytes =
        std::to_integer<unsigned>(plain[0]) >> 4U == 4 ? with_options(plain) : with_extensions(plain);
    // What a packet without a length carries at its end belongs to it.
    const bool has_length =
        (copy.bytes[0] >> 4) != std::byte{6} || copy.bytes[4] != std::byte{} || copy.bytes[5] != std::byte{};
    if (has_length && below(6) == 0)
      copy.bytes.resize(copy.bytes.size() + below(64), std::byte{0xaa});  // padding
    copy.wire_length = copy.bytes.size();
    if (below(4) == 0) copy.bytes.resize(std::min<std::size_t>(copy.bytes.size(), 40 + below(120)));
    return copy;
  }

 private:
  [[nodiscard]] std::size_t below(std::size_t count) { return random_() % count; }

  PacketBytes with_options(const PacketBytes& plain) {
    const std::size_t words = below(11);
    PacketBytes bytes(plain.begin(), plain.begin() + ipv4_header);
    bytes.resize(ipv4_header + words * 4, std::byte{1});  // no operation
    bytes.insert(bytes.end(), plain.begin() + ipv4_header, plain.end());
    if (bytes.size() > 0xffff) return plain;
    bytes[0] = static_cast<std::byte>(0x45 + words);
    set_u16(bytes, 2, bytes.size());
    return bytes;
  }

  PacketBytes with_extensions(const PacketBytes& plain) {
    PacketBytes chain;
    const std::size_t count = below(3) == 0 ? 1 + below(12) : 1 + below(3);
    std::size_t first = 0;
    std::size_t link = 0;  // where the last header says what follows it
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t kind = extension();
      if (i == 0)
        first = kind;
      else
        chain[link] = static_cast<std::byte>(kind);
      link = chain.size();
      put_extension(chain, kind);
    }
    chain[link] = plain[6];
    PacketBytes bytes(plain.begin(), plain.begin() + ipv6_header);
    bytes.insert(bytes.end(), chain.begin(), chain.end());
    bytes.insert(bytes.end(), plain.begin() + ipv6_header, plain.end());
    if (bytes.size() > 0xffff) return plain;
    bytes[6] = static_cast<std::byte>(first);
    set_u16(bytes, 4, below(8) == 0 ? 0 : bytes.size() - ipv6_header);
    return bytes;
  }

  std::size_t extension() {
    constexpr std::array<std::size_t, 8> kinds{60, 60, 60, 0, 43, 44, 51, 0};
    return kinds.at(below(kinds.size()));
  }

  void put_extension(PacketBytes& chain, std::size_t kind) {
    put_u8(chain, 0);
    if (kind == 44) {  // an atomic fragment
      chain.resize(chain.size() + 7, std::byte{0});
    } else if (kind == 51) {
      put_u8(chain, 4);
      chain.resize(chain.size() + 22, std::byte{0});
    } else if (kind == 0 && below(2) == 0) {  // a jumbo payload
      for (const std::size_t value : {std::size_t{0}, std::size_t{0xc2}, std::size_t{4}, std::size_t{0},
                                      below(2), below(2), below(256)})
        put_u8(chain, value);
    } else {
      const std::size_t words = below(4) == 0 ? below(32) : below(3);
      put_u8(chain, words);
      put_u8(chain, 0x1e);  // an experimental option
      put_u8(chain, 4 + words * 8 > 0xff ? 0xff : 4 + words * 8);
      chain.resize(chain.size() + 4 + words * 8, std::byte{0});
    }
  }

  std::mt19937_64& random_;
};

class HeadersPlay {
 public:
  HeadersPlay(const Run& run, std::mt19937_64& random, HeaderCoverage& coverage)
      : run_(run), decorator_(random), coverage_(coverage), simulation_(run.policy, flow_capacity) {}

  std::optional<std::string> play() {
    for (const Step& step : run_.steps) {
      if (const auto* reload = std::get_if<Reload>(&step.what)) {
        simulation_.reload(reload->policy, step.at);
        continue;
      }
      const Send& send = std::get<Send>(step.what);
      if (auto found = try_headers(send, step.at)) return found;
      (void)simulation_.packet(send.packet, *journey(send.packet, send), step.at);
    }
    return std::nullopt;
  }

 private:
  [[nodiscard]] Expected<Journey, JsonMistake> journey(const Packet& packet, const Send& send) const {
    return simulation_.journey(PacketStep{packet, send.path});
  }

  [[nodiscard]] Verdict verdict(const Packet& packet, const Send& send, Duration at) {
    Trace trace;
    return simulation_.explain(packet, *journey(packet, send), at, trace).verdict;
  }

  std::optional<std::string> try_headers(const Send& send, Duration at) {
    const auto plain = to_bytes(send.packet);
    if (!plain) return std::nullopt;  // no real packet is like this
    const bool refused = verdict(send.packet, send, at) == Verdict::drop;
    if (!refused && 2 * coverage_.refused <= coverage_.packets) return std::nullopt;
    ++coverage_.packets;
    coverage_.refused += refused ? 1U : 0U;
    const Copy copy = decorator_.decorate(*plain);
    const auto packet = parse_packet(copy.bytes, static_cast<std::uint32_t>(copy.wire_length));
    if (!packet) {
      ++coverage_.unparsed;
      return std::nullopt;
    }
    coverage_.unreadable += is_unreadable(packet->transport) ? 1U : 0U;
    if (!refused || verdict(*packet, send, at) == Verdict::drop) return std::nullopt;
    return "refused: " + to_json(send.packet).dump() +
           "\naccepted with more headers: " + to_json(*packet).dump() + '\n';
  }

  const Run& run_;
  Decorator decorator_;
  HeaderCoverage& coverage_;
  Simulation simulation_;
};

}  // namespace

std::string to_string(const HeaderCoverage& coverage) {
  return "packets with more headers " + std::to_string(coverage.packets) + ", refused without them " +
         std::to_string(coverage.refused) + ", unreadable with them " + std::to_string(coverage.unreadable) +
         ", damaged with them " + std::to_string(coverage.unparsed) + '\n';
}

std::optional<std::string> play_with_headers(const Run& run, std::mt19937_64& random,
                                             HeaderCoverage& coverage) {
  return HeadersPlay(run, random, coverage).play();
}

}  // namespace vpcwall::property
