// Datagrams put together from their fragments, as the kernel does it before any gate (C-64).
//
// All fragments of a datagram share its verdict, so nothing can be said of one until the last has come. A
// datagram that is not complete in time is dropped: 30 s after its first fragment for IPv4, 60 s for IPv6.
// Fragments that overlap, or that contradict each other about its length, end it at once; one that lies
// wholly inside of what is there already is dropped alone.
//
// Who only wants to know when a datagram is whole gives no bytes. Of those given the first max_kept of each
// datagram are kept: headers. One thread; at most `max_datagrams` are held, the oldest goes first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "base/time.h"
#include "net/address.h"

namespace vpcwall {

struct DatagramKey {
  IpAddress source, destination;
  std::uint32_t identification = 0;
  std::uint8_t protocol = 0;  // IPv4 only: there it is a part of the identity
  friend auto operator<=>(const DatagramKey&, const DatagramKey&) = default;
};

// Payload bytes [first, last) of a datagram.
struct Fragment {
  std::uint32_t first = 0, last = 0;
  bool more = true;                   // others come behind it
  std::span<const std::byte> header;  // of the packet that carries it; kept of the first fragment
  std::span<const std::byte> data;    // its payload as far as it is known
};

enum class Reassembly : std::uint8_t {
  complete,   // with this fragment the datagram is whole
  held,       // others are missing
  duplicate,  // nothing new: the fragment is dropped, the others wait on
  refused,    // the datagram is dropped as far as it had come
};

// What became of the fragments of one datagram.
struct WholeDatagram {
  std::uint32_t length = 0;       // payload bytes
  std::uint32_t fragments = 0;    // that it was made of
  std::vector<std::byte> header;  // of the first fragment
  std::vector<std::byte> data;    // from the beginning up to the first byte that is not known, or max_kept
};

class Reassembler {
 public:
  static constexpr std::size_t max_datagrams = 4096;
  static constexpr std::size_t max_kept = 4096;
  static constexpr std::uint32_t max_length = 65535;  // payload bytes

  // `at` must not decrease.
  Reassembly add(const DatagramKey& key, const Fragment& fragment, Duration at);

  // The one that add() has just called complete.
  [[nodiscard]] const WholeDatagram& whole() const noexcept { return whole_; }

 private:
  struct Run {  // fragments that came one behind the other
    std::uint32_t first = 0, last = 0;
  };
  struct Datagram {
    Duration begun{};
    std::list<DatagramKey>::iterator age;
    std::vector<Run> runs;  // ascending, without common bytes
    std::optional<std::uint32_t> length;
    std::uint32_t fragments = 0;
    std::vector<std::byte> header;
    std::map<std::uint32_t, std::vector<std::byte>> data;  // by the place of the first byte
  };
  using Held = std::map<DatagramKey, Datagram>;

  Held::iterator find(const DatagramKey& key, Duration at);
  void drop(Held::iterator place);
  static bool contradicts(const Datagram& datagram, const Fragment& fragment);
  static Reassembly place(Datagram& datagram, const Fragment& fragment);
  static void keep(Datagram& datagram, const Fragment& fragment);
  void finish(const Datagram& datagram);

  Held held_;
  std::list<DatagramKey> by_age_;  // the oldest first
  WholeDatagram whole_;
};

}  // namespace vpcwall
