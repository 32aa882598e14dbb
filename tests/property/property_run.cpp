// property_run: engine against twin for as many steps as one has time for.
//
//   property_run --steps N [--seed S] [--run K] [--file FILE] [--quiet]
//   property_run --fast-path --steps N …       with a fast path beside the engine without and the twin
//   property_run --headers --steps N …         each packet again behind more headers
//   property_run --corpus FOLDER                                   seeds for tests/fuzz/twin_fuzz.cpp
//
// Makes runs at random, plays each, and stops at the first difference: makes it small, reports it, writes it
// to FILE as a scenario (`vpcwall test FILE`), and exits with status 1. Otherwise says how often each gate
// gave each answer: a run that never met an outcome proved nothing about it.
#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>
#include <stdexcept>

#include "property/fast_path_play.h"
#include "property/generator.h"
#include "property/headers_play.h"
#include "property/report.h"

namespace {

using namespace vpcwall::property;

constexpr std::size_t shrink_attempts = 20'000;

struct Options {
  std::uint64_t steps = 1'000'000;
  std::uint64_t seed = 1, run = 0;
  std::string file, corpus;
  bool quiet = false, fast_path = false, headers = false;
};

bool fails(const Descriptors& descriptors) {
  Coverage ignored;
  return play(run_of(descriptors), ignored).has_value();
}

void write(const std::string& path, std::string_view text) {
  std::ofstream file(path, std::ios::binary);
  if (!(file << text << std::flush)) throw std::runtime_error("cannot write " + path);
}

void tell(const Descriptors& failing, const Options& options) {
  const Descriptors small = smallest(failing, fails, shrink_attempts);
  const Run run = run_of(small);
  Coverage ignored;
  const auto failure = play(run, ignored);
  std::cout << report(run, *failure);
  if (!options.file.empty()) write(options.file, scenario_text(run, failure));
}

// A dozen short runs as the bytes that a fuzzer begins with.
void write_corpus(const Options& options) {
  std::mt19937_64 random(options.seed);
  for (int i = 0; i < 12; ++i) {
    const auto bytes = bytes_of(random_run(random, 5 * i));
    write(options.corpus + "/run" + std::to_string(i),
          {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
}

// Each run by itself, so that one can be played again without those before it.
Descriptors numbered_run(std::uint64_t seed, std::uint64_t number) {
  constexpr std::uint64_t far_apart = 0x9e3779b97f4a7c15U;
  std::mt19937_64 random(seed * far_apart + number);
  const auto size = static_cast<int>(random() % 101);
  return random_run(random, size);
}

int compare(const Options& options) {
  Coverage coverage;
  std::uint64_t next_word = options.steps / 10;
  for (std::uint64_t number = options.run; coverage.steps < options.steps; ++number) {
    const Descriptors descriptors = numbered_run(options.seed, number);
    if (const auto failure = play(run_of(descriptors), coverage)) {
      std::cout << "difference at step " << coverage.steps << " (--seed " << options.seed << " --run "
                << number << ")\n"
                << std::flush;
      if (!options.quiet) tell(descriptors, options);
      return 1;
    }
    if (!options.quiet && coverage.steps >= next_word) {
      std::cerr << coverage.steps << " steps\n";
      next_word += options.steps / 10;
    }
  }
  std::cout << to_string(coverage) << "differences 0\n";
  return 0;
}

int compare_fast_path(const Options& options) {
  HostKernel kernel;
  FastPathCoverage coverage;
  for (std::uint64_t number = options.run; coverage.packets < options.steps; ++number) {
    const Run run = run_of(numbered_run(options.seed, number));
    const auto found = play_with_fast_path(run, kernel, coverage);
    if (!found) continue;
    std::cout << "difference at step " << coverage.packets << " (--seed " << options.seed << " --run "
              << number << ")\n";
    if (!options.quiet) std::cout << *found << '\n' << scenario_text(run, std::nullopt);
    return 1;
  }
  std::cout << to_string(coverage) << "differences 0\n";
  return 0;
}

int compare_headers(const Options& options) {
  HeaderCoverage coverage;
  for (std::uint64_t number = options.run; coverage.packets < options.steps; ++number) {
    const Run run = run_of(numbered_run(options.seed, number));
    std::mt19937_64 random(options.seed + number);
    const auto found = play_with_headers(run, random, coverage);
    if (!found) continue;
    std::cout << "difference at packet " << coverage.packets << " (--seed " << options.seed << " --run "
              << number << ")\n";
    if (!options.quiet) std::cout << *found << '\n' << scenario_text(run, std::nullopt);
    return 1;
  }
  std::cout << to_string(coverage) << "differences 0\n";
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Compares the engine with its twin, gate by gate.");
  app.add_option("--steps", options.steps, "packets and reloads to play")->capture_default_str();
  app.add_option("--seed", options.seed, "other runs")->capture_default_str();
  app.add_option("--run", options.run, "begin with this one")->capture_default_str();
  app.add_option("--file", options.file, "where to write a difference as a scenario");
  app.add_option("--corpus", options.corpus, "folder to write seeds for the fuzzer to, instead");
  app.add_flag("--fast-path", options.fast_path, "compare the engine with a fast path");
  app.add_flag("--headers", options.headers, "compare each packet with itself behind more headers");
  app.add_flag("--quiet", options.quiet, "no progress; a difference is only named");
  CLI11_PARSE(app, argc, argv);
  try {
    if (options.fast_path) return compare_fast_path(options);
    if (options.headers) return compare_headers(options);
    if (options.corpus.empty()) return compare(options);
    write_corpus(options);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "property_run: " << error.what() << '\n';
    return 2;
  }
}
