// The packet parser on arbitrary bytes: it must neither read past them nor contradict itself.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "net/packet.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vpcwall;
  const std::span<const std::byte> bytes(reinterpret_cast<const std::byte*>(data), size);
  const auto packet = parse_packet(bytes, static_cast<std::uint32_t>(size));
  if (!packet) return 0;
  const bool one_family = packet->source.family == packet->destination.family;
  const bool no_ports_without_header =
      packet->transport == Transport::whole || (packet->source_port == 0 && packet->destination_port == 0);
  const bool length_is_real = packet->length <= size;
  if (!one_family || !no_ports_without_header || !length_is_real) std::abort();
  return 0;
}
