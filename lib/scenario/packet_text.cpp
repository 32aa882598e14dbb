#include "scenario/packet_text.h"

#include <vector>

#include "policy/reporter.h"
#include "policy/yaml_reader.h"

namespace vpcwall {
namespace {

// Thrown inside this file only, so that every part of the line can say what is wrong where it sees it.
struct Wrong {
  std::string message;
};

std::string found(std::string_view text, std::string_view expected) {
  return "found " + vpcwall::quoted(text) + ", expected " + std::string(expected);
}

// Words, and what stands in parentheses as one word.
std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  std::size_t i = 0;
  while (i < text.size()) {
    if (text[i] == ' ') {
      ++i;
      continue;
    }
    std::size_t end = i;
    if (text[i] == '(') {
      end = text.find(')', i);
      if (end == std::string_view::npos) throw Wrong{"found `(` without `)`"};
      ++end;
    } else {
      while (end < text.size() && text[end] != ' ') ++end;
    }
    words.push_back(text.substr(i, end - i));
    i = end;
  }
  return words;
}

std::uint32_t number(std::string_view text, std::string_view what, std::uint32_t most) {
  const auto value = parse_number(text);
  if (!value || *value > most)
    throw Wrong{found(text, std::string(what) + ", a number from 0 to " + std::to_string(most))};
  return *value;
}

TcpFlags read_flags(std::string_view letters) {
  TcpFlags flags;
  if (letters == "-") return flags;
  for (const char letter : letters) {
    switch (letter) {
      case 'S': flags.syn = true; break;
      case 'A': flags.ack = true; break;
      case 'F': flags.fin = true; break;
      case 'R': flags.rst = true; break;
      case 'P': flags.psh = true; break;
      case 'U': flags.urg = true; break;
      default: throw Wrong{found(letters, "TCP flags, letters of SAFRPU, or - for none")};
    }
  }
  return flags;
}

std::string flag_letters(const TcpFlags& flags) {
  std::string letters;
  for (const auto& [set, letter] :
       {std::pair(flags.syn, 'S'), std::pair(flags.fin, 'F'), std::pair(flags.rst, 'R'),
        std::pair(flags.psh, 'P'), std::pair(flags.ack, 'A'), std::pair(flags.urg, 'U')})
    if (set) letters += letter;
  return letters.empty() ? "-" : letters;
}

struct Endpoint {
  std::string_view host;
  std::optional<std::uint16_t> port;
};

Endpoint read_endpoint(std::string_view text) {
  Endpoint endpoint{text, std::nullopt};
  std::string_view port;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos) throw Wrong{found(text, "[ADDRESS]:PORT")};
    endpoint.host = text.substr(1, close - 1);
    port = text.substr(close + 1);
    if (!port.empty() && port.front() != ':') throw Wrong{found(text, "[ADDRESS]:PORT")};
  } else if (const auto colon = text.find(':'); colon != std::string_view::npos && colon == text.rfind(':')) {
    endpoint.host = text.substr(0, colon);
    port = text.substr(colon);
  }
  if (!port.empty()) endpoint.port = static_cast<std::uint16_t>(number(port.substr(1), "a port", 65535));
  return endpoint;
}

class PacketLine {
 public:
  PacketLine(std::string_view text, const AddressBook& addresses)
      : words_(words_of(text)), addresses_(addresses) {}

  Packet read() {
    packet_.length = 0;
    read_protocol();
    const Endpoint source = read_endpoint(next("a source"));
    if (next("`>`") != ">") throw Wrong{found(words_[place_ - 1], "`>` between source and destination")};
    const Endpoint destination = read_endpoint(next("a destination"));
    read_options();
    resolve(source.host, destination.host);
    read_transport(source, destination);
    if (packet_.length == 0) packet_.length = 60;
    return packet_;
  }

 private:
  std::string_view next(std::string_view expected) {
    if (place_ == words_.size())
      throw Wrong{"found the end of the packet, expected " + std::string(expected)};
    return words_[place_++];
  }
  [[nodiscard]] bool take(std::string_view word) {
    if (place_ == words_.size() || words_[place_] != word) return false;
    ++place_;
    return true;
  }

  void read_protocol() {
    const std::string_view word = next("a protocol");
    if (word == "protocol") {
      packet_.protocol = Protocol{static_cast<std::uint8_t>(number(next("a number"), "a protocol", 255))};
      return;
    }
    const auto protocol = parse_protocol(word);
    if (!protocol || parse_number(word))
      throw Wrong{found(word, "tcp, udp, icmp, icmpv6 or protocol NUMBER")};
    packet_.protocol = *protocol;
    if (packet_.protocol == Protocol::tcp) {
      // A cut header has no flags to speak of; then the next word is an address already.
      if (words_.size() > place_ + 1 && words_[place_ + 1] != ">")
        packet_.tcp_flags = read_flags(next("flags"));
    } else if (is_icmp(packet_.protocol)) {
      if (words_.size() > place_ + 1 && words_[place_ + 1] == ">") return;  // cut
      const std::string_view both = next("TYPE/CODE");
      const auto slash = both.find('/');
      if (slash == std::string_view::npos) throw Wrong{found(both, "TYPE/CODE")};
      packet_.icmp_type = static_cast<std::uint8_t>(number(both.substr(0, slash), "an ICMP type", 255));
      packet_.icmp_code = static_cast<std::uint8_t>(number(both.substr(slash + 1), "an ICMP code", 255));
      if (take("id"))
        packet_.icmp_identifier = static_cast<std::uint16_t>(number(next("a number"), "id", 65535));
      typed_ = true;
    }
  }

  void read_options() {
    while (place_ < words_.size()) {
      if (take("hop-limit")) {
        packet_.hop_limit = static_cast<std::uint8_t>(number(next("a number"), "hop-limit", 255));
      } else if (take("length")) {
        packet_.length = number(next("a number"), "length", 65535 + 40);
      } else if (take("cut")) {
        packet_.transport = Transport::cut;
      } else if (take("lost")) {
        packet_.transport = Transport::lost;
      } else if (take("quoting")) {
        quote_ = next("(PACKET)");
        if (quote_.size() < 2 || quote_.front() != '(') throw Wrong{found(quote_, "(PACKET) after quoting")};
      } else {
        throw Wrong{found(words_[place_], "hop-limit N, length N, cut, lost or quoting (PACKET)")};
      }
    }
  }

  void resolve(std::string_view source, std::string_view destination) {
    const auto literal = parse_address(source);
    const auto other = parse_address(destination);
    packet_.source = literal ? *literal : named(source, other ? std::optional(other->family) : std::nullopt);
    packet_.destination = other ? *other : named(destination, packet_.source.family);
    // The first name was looked up without knowing the family of the second.
    if (!literal && packet_.source.family != packet_.destination.family)
      packet_.source = named(source, packet_.destination.family);
    if (packet_.source.family != packet_.destination.family)
      throw Wrong{"found " + to_string(packet_.source) + " and " + to_string(packet_.destination) +
                  ", expected addresses of one family"};
  }

  [[nodiscard]] IpAddress named(std::string_view name, std::optional<Family> family) const {
    if (const auto address = addresses_(name, family)) return *address;
    throw Wrong{found(name, "an IP address, a name of `names`, or an interface of the policy")};
  }

  void read_transport(const Endpoint& source, const Endpoint& destination) {
    const bool ports = has_ports(packet_.protocol);
    const bool unreadable = packet_.transport == Transport::cut || packet_.transport == Transport::lost;
    const bool whole_ports = source.port && destination.port;
    if (unreadable || !ports) {
      if (source.port || destination.port)
        throw Wrong{unreadable ? "found a port of a packet whose header is not readable, expected none"
                               : "found a port, expected none: only tcp and udp have ports"};
    } else if (!whole_ports) {
      throw Wrong{"found no port, expected SOURCE:PORT > DESTINATION:PORT"};
    }
    if (unreadable) return;
    if (ports) {
      packet_.source_port = *source.port;
      packet_.destination_port = *destination.port;
      packet_.transport = Transport::whole;
    }
    // The other family's ICMP is a protocol like any other (S-66, N-19).
    const Protocol own = packet_.family() == Family::ipv4 ? Protocol::icmp : Protocol::icmpv6;
    if (packet_.protocol == own) {
      if (!typed_) throw Wrong{"found no ICMP type, expected TYPE/CODE"};
      packet_.transport = Transport::whole;
    } else if (typed_) {
      packet_.icmp_type = packet_.icmp_code = 0;
      packet_.icmp_identifier = 0;
    }
    if (!quote_.empty()) read_quote();
  }

  void read_quote() {
    if (!is_icmp_error(packet_.protocol, packet_.icmp_type))
      throw Wrong{"found a quoted packet, expected one only in an ICMP error"};
    const Packet inner = PacketLine(quote_.substr(1, quote_.size() - 2), addresses_).read();
    if (inner.family() != packet_.family())
      throw Wrong{"found a quoted packet of another family than the packet that quotes it"};
    packet_.quoted =
        QuotedPacket{inner.source,      inner.destination,      inner.protocol,  inner.transport,
                     inner.source_port, inner.destination_port, inner.icmp_type, inner.icmp_identifier};
  }

  std::vector<std::string_view> words_;
  std::size_t place_ = 0;
  const AddressBook& addresses_;
  Packet packet_;
  std::string_view quote_;
  bool typed_ = false;
};

template <class Any>
std::string head_text(const Any& packet) {
  return has_ports(packet.protocol) || is_icmp(packet.protocol) ? to_string(packet.protocol)
                                                                : "protocol " + to_string(packet.protocol);
}

template <class Any>
std::string way_text(const Any& packet) {
  const bool ports = has_ports(packet.protocol) && packet.transport == Transport::whole;
  std::string text = end_text(packet.source, packet.source_port, ports) + " > " +
                     end_text(packet.destination, packet.destination_port, ports);
  if (packet.transport == Transport::cut) text += " cut";
  if (packet.transport == Transport::lost) text += " lost";
  return text;
}

std::string quote_text(const QuotedPacket& quoted) {
  std::string text = head_text(quoted);
  if (is_icmp(quoted.protocol) && quoted.transport == Transport::whole)
    text += ' ' + std::to_string(quoted.icmp_type) + "/0 id " + std::to_string(quoted.icmp_identifier);
  return text + ' ' + way_text(quoted);
}

}  // namespace

Expected<Packet, JsonMistake> read_packet_text(std::string_view text, const AddressBook& addresses) {
  try {
    return PacketLine(text, addresses).read();
  } catch (const Wrong& wrong) {
    return Unexpected{JsonMistake{wrong.message}};
  }
}

std::string packet_text(const Packet& packet) {
  std::string text = head_text(packet);
  if (packet.transport == Transport::whole) {
    if (packet.protocol == Protocol::tcp) text += ' ' + flag_letters(packet.tcp_flags);
    if (is_icmp(packet.protocol)) {
      text += ' ' + std::to_string(packet.icmp_type) + '/' + std::to_string(packet.icmp_code);
      if (packet.icmp_identifier != 0) text += " id " + std::to_string(packet.icmp_identifier);
    }
  }
  text += ' ' + way_text(packet);
  if (packet.quoted) text += " quoting (" + quote_text(*packet.quoted) + ')';
  if (packet.hop_limit != 64) text += " hop-limit " + std::to_string(packet.hop_limit);
  if (packet.length != 60) text += " length " + std::to_string(packet.length);
  return text;
}

}  // namespace vpcwall
