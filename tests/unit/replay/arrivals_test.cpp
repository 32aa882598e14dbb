#include "replay/arrivals.h"

#include <gtest/gtest.h>

#include "support/packet_bytes.h"

namespace vpcwall {
namespace {

using namespace test;
using Kind = Arrival::Kind;
using std::chrono::seconds;

// Frames of raw IP, a second apart unless said otherwise.
class Capture {
 public:
  explicit Capture(LinkType type = LinkType::raw) : arrivals_(type) {}

  Arrival next(const Bytes& bytes, std::optional<std::size_t> wire_length = {}) {
    return next_at(seconds(1000 + number_), bytes, wire_length);
  }
  Arrival next_at(seconds time, const Bytes& bytes, std::optional<std::size_t> wire_length = {}) {
    return arrivals_.next(
        {++number_, time, static_cast<std::uint32_t>(wire_length.value_or(bytes.size())), bytes});
  }
  [[nodiscard]] const Arrivals& arrivals() const { return arrivals_; }

 private:
  Arrivals arrivals_;
  std::uint64_t number_ = 0;
};

Bytes padded(Bytes bytes, std::size_t more) {
  bytes.zeros(more);
  return bytes;
}

TEST(Arrivals, GiveAPacketWithItsNumberAndTime) {
  Capture capture;
  EXPECT_EQ(capture.next(ipv4({}, tcp({}))).number, 1U);
  const Arrival second = capture.next(padded(ipv4({}, tcp({})), 6));
  EXPECT_EQ(second.kind, Kind::packet);
  EXPECT_EQ(second.number, 2U);
  EXPECT_EQ(second.at, seconds(1));
  EXPECT_EQ(second.packet.destination_port, 443);
  EXPECT_EQ(second.bytes, 40U) << "what Ethernet padded is not the packet's";
  EXPECT_EQ(second.fragments, 0U);
}

TEST(Arrivals, CountTimesThatRunBackwards) {
  Capture capture;
  const Bytes packet = ipv4({}, tcp({}));
  EXPECT_EQ(capture.next_at(seconds(100), packet).at, seconds(0));
  EXPECT_EQ(capture.next_at(seconds(90), packet).at, seconds(0));
  EXPECT_EQ(capture.next_at(seconds(130), packet).at, seconds(30));
  EXPECT_EQ(capture.next_at(seconds(125), packet).at, seconds(30));
  EXPECT_EQ(capture.next_at(seconds(130), packet).at, seconds(30));
  EXPECT_EQ(capture.arrivals().set_back(), 2U);
  EXPECT_EQ(capture.arrivals().farthest_back(), seconds(10));
}

TEST(Arrivals, TellWhatIsNotIp) {
  Capture capture(LinkType::ethernet);
  Bytes frame;
  frame.zeros(12).u16(0x0806).zeros(28);
  const Arrival arrival = capture.next(frame);
  EXPECT_EQ(arrival.kind, Kind::not_ip);
  EXPECT_EQ(arrival.protocol, 0x0806U);
  EXPECT_EQ(capture.next(frame.cut(13), 42).kind, Kind::cut);
}

TEST(Arrivals, TellDamageFromWhatWasNotCaptured) {
  Capture capture;
  const auto error_of = [&](const Bytes& bytes) {
    const Arrival arrival = capture.next(bytes);
    EXPECT_EQ(arrival.kind, Kind::damaged);
    return arrival.error;
  };
  EXPECT_EQ(error_of({}), ParseError::empty);
  EXPECT_EQ(error_of(ipv4({.version = 5}, tcp({}))), ParseError::bad_version);
  EXPECT_EQ(error_of(ipv4({.total_length = 2000}, tcp({}))), ParseError::bad_total_length);
  EXPECT_EQ(error_of(ipv4({}, tcp({})).cut(19)), ParseError::bad_header_length);

  EXPECT_EQ(capture.next({}, 40).kind, Kind::cut);
  EXPECT_EQ(capture.next(ipv4({}, tcp({})).cut(19), 40).kind, Kind::cut);
  EXPECT_EQ(capture.next(ipv4({}, tcp({})).cut(30), 40).kind, Kind::cut);
  EXPECT_EQ(capture.next(ipv6({}, tcp({})).cut(39), 60).kind, Kind::cut);
  EXPECT_EQ(capture.next(ipv6({.next = 0}, options_header(6) + tcp({})).cut(44), 68).kind, Kind::cut);
}

TEST(Arrivals, JudgeAPacketWhoseHeadersAreThere) {
  Capture capture;
  const Arrival whole_header = capture.next(ipv4({.total_length = 1500}, tcp({})), 1500);
  EXPECT_EQ(whole_header.kind, Kind::packet);
  EXPECT_EQ(whole_header.bytes, 1500U);
  const Arrival cut_packet = capture.next(ipv4({}, tcp({}).cut(10)));
  EXPECT_EQ(cut_packet.kind, Kind::packet) << "the packet itself has no more (S-69)";
  EXPECT_EQ(cut_packet.packet.transport, Transport::cut);
}

TEST(Arrivals, BelieveTheLinkHeaderAboutTheFamily) {
  Capture capture(LinkType::ipv6);
  const Arrival arrival = capture.next(ipv4({}, tcp({})));
  EXPECT_EQ(arrival.kind, Kind::damaged);
  EXPECT_EQ(arrival.error, ParseError::bad_version);
}

TEST(Arrivals, PutFragmentsTogether) {  // C-64
  Capture capture;
  const Bytes whole = padded(udp({.destination_port = 5000}), 24);  // 32 bytes
  const Bytes first = whole.cut(16);
  const Bytes second(whole.begin() + 16, whole.end());
  EXPECT_EQ(capture.next(ipv4({.protocol = 17, .fragment_field = 2}, second)).kind, Kind::held);
  EXPECT_EQ(capture.arrivals().left_over(), 1U);
  const Arrival last =
      capture.next(ipv4({.protocol = 17, .ttl = 9, .fragment_field = 0x2000, .option_words = 1}, first));
  EXPECT_EQ(last.kind, Kind::packet);
  EXPECT_EQ(last.fragments, 2U);
  EXPECT_EQ(last.packet.destination_port, 5000);
  EXPECT_EQ(last.packet.hop_limit, 9);
  EXPECT_EQ(last.bytes, 24U + 32U) << "with the header of the first fragment";
  EXPECT_EQ(capture.arrivals().left_over(), 0U);
}

TEST(Arrivals, PutIpv6FragmentsTogetherWithTheHeadersOfTheFirst) {
  Capture capture;
  const Bytes whole = padded(tcp({}), 12);  // 32 bytes
  const Bytes first = whole.cut(16);
  const Bytes second(whole.begin() + 16, whole.end());
  EXPECT_EQ(capture.next(ipv6({.next = 0}, options_header(44) + fragment_header(6, 0, true) + first)).kind,
            Kind::held);
  const Arrival last = capture.next(ipv6({.next = 44}, fragment_header(17, 2, false) + second));
  EXPECT_EQ(last.kind, Kind::packet);
  EXPECT_EQ(last.packet.protocol, Protocol::tcp) << "what the first fragment says";
  EXPECT_EQ(last.packet.destination_port, 443);
  EXPECT_EQ(last.bytes, 40U + 8U + 32U);
}

TEST(Arrivals, DropFragmentsInsideOfADatagramPutTogether) {
  Capture capture;
  const Bytes inner = padded(fragment_header(17, 1, false), 8);  // 16 bytes
  EXPECT_EQ(capture.next(ipv6({.next = 44}, fragment_header(44, 0, true) + inner.cut(8))).kind, Kind::held);
  const Bytes rest(inner.begin() + 8, inner.end());
  const Arrival last = capture.next(ipv6({.next = 44}, fragment_header(44, 1, false) + rest));
  EXPECT_EQ(last.kind, Kind::damaged);
  EXPECT_EQ(last.error, ParseError::fragment);
}

TEST(Arrivals, DropAnIpv6FragmentOfACrookedSizeAlone) {
  Capture capture;
  Bytes data;
  data.zeros(8);
  EXPECT_EQ(capture.next(ipv6({.next = 44}, fragment_header(17, 0, true) + udp({}))).kind, Kind::held);
  EXPECT_EQ(capture.next(ipv6({.next = 44}, fragment_header(17, 1, true) + data.cut(7))).kind, Kind::damaged);
  EXPECT_EQ(capture.next(ipv6({.next = 44}, fragment_header(17, 1, false) + data)).kind, Kind::packet);
}

TEST(Arrivals, CutAnIpv4FragmentToAMultipleOfEight) {
  Capture capture;
  EXPECT_EQ(capture.next(ipv4({.protocol = 17, .fragment_field = 0x2000}, padded(udp({}), 7))).kind,
            Kind::held);
  const Arrival last = capture.next(ipv4({.protocol = 17, .fragment_field = 1}, udp({})));
  EXPECT_EQ(last.kind, Kind::packet);
  EXPECT_EQ(last.bytes, 20U + 16U);
}

TEST(Arrivals, RefuseADatagramThatIsTooLongForAPacket) {
  Capture capture;
  EXPECT_EQ(capture.next(ipv4({.protocol = 17, .fragment_field = 0x2000}, udp({}))).kind, Kind::held);
  Bytes middle, end;
  middle.zeros(65504);
  end.zeros(22);  // up to 65534, and 20 of the header
  EXPECT_EQ(capture.next(ipv4({.protocol = 17, .fragment_field = 0x2001}, middle)).kind, Kind::held);
  EXPECT_EQ(capture.next(ipv4({.protocol = 17, .fragment_field = 8189}, end)).kind, Kind::damaged);
}

TEST(Arrivals, KnowWhenTheHeadersOfADatagramWereNotCaptured) {
  Capture capture;
  const Bytes first = ipv4({.protocol = 17, .fragment_field = 0x2000}, padded(udp({}), 8));
  EXPECT_EQ(capture.next(first.cut(20), first.size()).kind, Kind::held);
  EXPECT_EQ(capture.next(ipv4({.protocol = 17, .fragment_field = 2}, udp({}))).kind, Kind::cut);
}

}  // namespace
}  // namespace vpcwall
