// bare_queue: the daemon's queues, its bursts and its range verdicts, and nothing decided: SYNs to one port
// are dropped, everything else is accepted. What this reaches, no program reaches that sees every packet.
// Prints for each queue but the last the match of the packets that belong there, then "ready".
#include <CLI/CLI.hpp>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <iostream>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include "daemon/hooks/queue_hash.h"
#include "daemon/queue/nfqueue.h"
#include "daemon/queue/worker_scheduling.h"

namespace vpcwall::bench {
namespace {

constexpr std::uint32_t hash_seed = 1;

// IPv4 without options, as the flood sends it. Not the parser, whose cost is the daemon's and not the
// queue's.
bool is_syn_to(std::span<const std::byte> packet, std::uint16_t port) {
  constexpr std::size_t protocol = 9, port_high = 22, port_low = 23, flags = 33, headers = 40;
  return packet.size() >= headers && packet[protocol] == std::byte{6} && packet[flags] == std::byte{2} &&
         packet[port_high] == static_cast<std::byte>(port >> 8U) &&
         packet[port_low] == static_cast<std::byte>(port & 0xffU);
}

[[noreturn]] void answer_for_ever(NfQueue& queue, std::uint16_t refused_port, WorkerScheduling& scheduling) {
  const WorkerScheduling::Enlistment enlistment(scheduling);
  std::array<Verdict, max_burst> verdicts{};
  for (;;) {
    const std::span<const QueuedPacket> burst = queue.receive(std::chrono::seconds(1));
    for (std::size_t i = 0; i < burst.size(); ++i)
      verdicts[i] = is_syn_to(burst[i].bytes, refused_port) ? Verdict::drop : Verdict::accept;
    if (!burst.empty()) queue.answer(std::span(verdicts).first(burst.size()));
  }
}

void run(std::uint16_t count, std::uint16_t refused_port) {
  std::vector<std::unique_ptr<NfQueue>> queues(count);
  for (std::uint16_t number = 0; number < count; ++number) {
    QueueSettings settings;
    settings.number = number;
    queues[number] = std::make_unique<NfQueue>(settings);
    if (number + 1 != count)
      std::cout << to_bytecode(queue_hash_program(Family::ipv4, hash_seed, count, number)) << '\n';
  }
  std::cout << "ready" << std::endl;
  WorkerScheduling scheduling;
  std::vector<std::jthread> workers(count);
  for (std::uint16_t number = 0; number < count; ++number)
    workers[number] = std::jthread([&queue = *queues[number], &scheduling, refused_port] {
      answer_for_ever(queue, refused_port, scheduling);
    });
}

}  // namespace
}  // namespace vpcwall::bench

int main(int count, char** words) {
  CLI::App app("Answers every packet of some queues, and decides nothing.", "bare_queue");
  std::uint16_t queues = 1, refused_port = 0;
  app.add_option("--queues", queues, "from number 0 on")->required();
  app.add_option("--refused-port", refused_port, "SYNs to it are dropped")->required();
  CLI11_PARSE(app, count, words);
  try {
    vpcwall::bench::run(queues, refused_port);
  } catch (const std::exception& error) {
    std::cerr << "bare_queue: " << error.what() << '\n';
    return 1;
  }
}
