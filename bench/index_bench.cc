// The index against the simplest good alternative and against what the memory allows, in one run.
// README.md has the method and the figures.
//
//   xref_index_bench [--references=N] [--questions=N] [Google Benchmark's options]
//
// Every answer is counted and compared with the number known beforehand; a wrong one aborts.

#include <absl/container/flat_hash_set.h>
#include <benchmark/benchmark.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstring>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "bench/colliding_ids.h"
#include "bench/index_bench_data.h"
#include "index/reference_store.h"

namespace xref {
namespace {

using Clock = std::chrono::steady_clock;

uint64_t g_references = 10'000'000;
uint64_t g_questions = 4'000'000;

constexpr uint32_t kAddBatch = 256;  // references added in one call, as the writer does

void Verify(bool right, const char* what) {
  if (right) return;
  std::fprintf(stderr, "wrong answer: %s\n", what);
  std::abort();
}

double SecondsOf(Clock::duration time) { return std::chrono::duration<double>(time).count(); }

// What this thread has computed, in seconds: without the time that others had the core.
double CpuSeconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// ---- What is measured: built once, when first asked for ----

template <typename T>
const T& Once(const std::string& name, auto make) {
  static std::map<std::string, std::unique_ptr<T>> made;
  std::unique_ptr<T>& one = made[name];
  if (one == nullptr) one = make();
  return *one;
}

std::string Name(Shape shape) { return shape == Shape::kDigits ? "digits" : "uuids"; }
std::string Name(Hits hits) {
  return hits == Hits::kHalf ? "half" : hits == Hits::kAll ? "hits" : "misses";
}

const Questions& QuestionsOf(Shape shape, Ask ask, Hits hits) {
  const std::string name = Name(shape) + Name(hits) + (ask == Ask::kSources ? "s" : "t");
  return Once<Questions>(name, [&] {
    return std::make_unique<Questions>(shape, g_references, ask, hits, g_questions);
  });
}

struct OwnIndex {
  PageHeap heap;
  KeyedHash hash;
  ReferenceIndex index{heap, hash};
};

const ReferenceIndex& IndexOf(Shape shape) {
  return Once<OwnIndex>(Name(shape),
                        [&] {
                          auto own = std::make_unique<OwnIndex>();
                          IdMaker ids(shape);
                          for (uint64_t n = 0; n < g_references; ++n)
                            own->index.Add(ids.Source(n), ids.Target(n));
                          Verify(own->index.size() == g_references, "size");
                          return own;
                        })
      .index;
}

using StringSet = absl::flat_hash_set<std::string>;

const StringSet& SetOf(Shape shape) {
  return Once<StringSet>(Name(shape), [&] {
    auto set = std::make_unique<StringSet>();
    IdMaker ids(shape);
    for (uint64_t n = 0; n < g_references; ++n) set->emplace(ids.Source(n));
    return set;
  });
}

// ---- Questions ----

// answer(batch) is the number of hits among the batch's IDs.
template <typename Answer>
void AskAll(benchmark::State& state, const Questions& questions, Answer answer) {
  size_t at = 0;
  for (auto _ : state) {
    Verify(answer(questions.batches[at].View()) == questions.hits_expected[at], "hits");
    if (++at == questions.batches.size()) at = 0;
  }
  state.SetItemsProcessed(state.iterations() * Questions::kBatch);
}

uint32_t CountBits(const uint8_t* bitmap) {
  uint32_t bits = 0;
  for (uint32_t i = 0; i < Questions::kBatch / 8; i += 8) {
    uint64_t word;
    std::memcpy(&word, bitmap + i, sizeof word);
    bits += static_cast<uint32_t>(__builtin_popcountll(word));
  }
  return bits;
}

void BM_StringSet(benchmark::State& state, Shape shape, Hits hits) {
  const StringSet& set = SetOf(shape);
  AskAll(state, QuestionsOf(shape, Ask::kSources, hits), [&](const IdBatch& batch) {
    IdCursor ids(batch);
    uint32_t found = 0;
    for (uint32_t i = 0; i < batch.count; ++i) {
      const std::string_view id = ids.Next();
      found += set.contains(absl::string_view(id.data(), id.size()));
    }
    return found;
  });
}

void BM_Check(benchmark::State& state, Shape shape, Hits hits) {
  const ReferenceIndex& index = IndexOf(shape);
  AskAll(state, QuestionsOf(shape, Ask::kSources, hits), [&](const IdBatch& batch) {
    uint8_t bitmap[Questions::kBatch / 8];
    IdCursor ids(batch);
    index.Check(ids, batch.count, bitmap);
    return CountBits(bitmap);
  });
  state.counters["B/reference"] =
      static_cast<double>(index.bytes_reserved()) / static_cast<double>(index.size());
}

void BM_Lookup(benchmark::State& state, Shape shape, Hits hits) {
  const ReferenceIndex& index = IndexOf(shape);
  AskAll(state, QuestionsOf(shape, Ask::kSources, hits), [&](const IdBatch& batch) {
    std::string_view targets[Questions::kBatch];
    IdCursor ids(batch);
    index.Lookup(ids, batch.count, targets);
    uint32_t found = 0;
    for (const std::string_view target : targets) found += !target.empty() && target.back() != 0;
    return found;
  });
}

void BM_Reverse(benchmark::State& state, Shape shape, Hits hits) {
  const ReferenceIndex& index = IndexOf(shape);
  AskAll(state, QuestionsOf(shape, Ask::kTargets, hits), [&](const IdBatch& batch) {
    IdCursor ids(batch);
    uint32_t found = 0;
    for (uint32_t done = 0; done < batch.count;) {
      done += index.Reverse(ids, batch.count - done, 100, [&](uint32_t, std::string_view source) {
        found += source.back() != 0;
      });
    }
    return found;
  });
}

// One cache line at a random place of memory in huge pages; the accesses are independent.
void BM_RandomLine(benchmark::State& state) {
  constexpr size_t kBytes = size_t{512} << 20;
  constexpr size_t kAlignment = PageHeap::kRegionBytes;
  static char* const memory = [] {
    char* mapped = static_cast<char*>(mmap(nullptr, kBytes + kAlignment, PROT_READ | PROT_WRITE,
                                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    mapped += -reinterpret_cast<uintptr_t>(mapped) % kAlignment;
    madvise(mapped, kBytes, MADV_HUGEPAGE);
    std::memset(mapped, 1, kBytes);
    return mapped;
  }();
  uint64_t random = 88'172'645'463'325'252;
  for (auto _ : state) {
    uint32_t sum = 0;
    for (uint32_t i = 0; i < Questions::kBatch; ++i) {
      random ^= random << 13;
      random ^= random >> 7;
      random ^= random << 17;
      sum += static_cast<uint32_t>(memory[(random >> 32) * (kBytes / 64) >> 32 << 6]);
    }
    Verify(sum == Questions::kBatch, "sum of lines");
  }
  state.SetItemsProcessed(state.iterations() * Questions::kBatch);
}

// ---- Changes ----

// Has the system find memory for the whole index, and gives it back: a virtual machine's host takes
// milliseconds to find each huge page, once.
void WarmMemory() {
  PageHeap heap;
  std::vector<void*> regions(g_references / 30'000 + 1);
  for (void*& region : regions) {
    region = heap.Allocate(PageHeap::kRegionBytes);
    std::memset(region, 1, PageHeap::kRegionBytes);
  }
  for (void* region : regions) heap.Free(region, PageHeap::kRegionBytes);
}

// From empty to all references, both directions, in batches as the writer adds them. The time of
// whoever prepares memory counts too, but is not part of the stall: nobody waits then.
enum class Presize { kNo, kYes };
void BM_Grow(benchmark::State& state, Shape shape, Presize presize) {
  for (auto _ : state) {
    WarmMemory();
    PageHeap heap;
    const KeyedHash hash;
    ReferenceIndex index(heap, hash);
    IdMaker ids(shape);
    if (presize == Presize::kYes) index.Reserve(g_references);
    double seconds = 0, cpu_seconds = 0, stall = 0, stall_cpu = 0;
    for (uint64_t n = 0; n < g_references;) {
      IdList sources, targets;
      for (uint32_t i = 0; i < kAddBatch && n < g_references; ++i, ++n) {
        sources.Add(ids.Source(n));
        targets.Add(ids.Target(n));
      }
      const double batch_cpu_begin = CpuSeconds();
      const auto batch_begin = Clock::now();
      IdCursor source(sources.View());
      IdCursor target(targets.View());
      for (auto left = static_cast<uint32_t>(sources.size()); left > 0;) {
        heap.Prepare(1);
        const double cpu_begin = CpuSeconds();
        const auto begin = Clock::now();
        left -= index.Add(source, target, left);
        stall = std::max(stall, SecondsOf(Clock::now() - begin));
        stall_cpu = std::max(stall_cpu, CpuSeconds() - cpu_begin);
      }
      seconds += SecondsOf(Clock::now() - batch_begin);
      cpu_seconds += CpuSeconds() - batch_cpu_begin;
    }
    Verify(index.size() == g_references, "size");
    state.SetIterationTime(seconds);
    state.counters["adds_per_cpu_s"] = static_cast<double>(g_references) / cpu_seconds;
    state.counters["stall_ms"] = stall * 1e3;
    state.counters["stall_cpu_ms"] = stall_cpu * 1e3;
    state.counters["B/reference"] =
        static_cast<double>(heap.bytes_reserved() + index.bytes_outside_heap()) /
        static_cast<double>(g_references);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(g_references));
}

// IDs that were chosen to collide where the hash has no secret, beside IDs as they come: to add
// them, and to ask for each of them.
constexpr uint64_t kChosenIds = 1'000'000;
constexpr uint32_t kChosenBits = 6;

void BM_Chosen(benchmark::State& state, uint32_t bits) {
  const auto ids = CollidingIds(std::min(kChosenIds, g_references), bits);
  std::vector<IdList> batches;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (i % kAddBatch == 0) batches.emplace_back();
    batches.back().Add(ids[i]);
  }
  for (auto _ : state) {
    WarmMemory();
    PageHeap heap;
    const KeyedHash hash;
    ReferenceIndex index(heap, hash);
    const double begin = CpuSeconds();
    for (const IdList& batch : batches) {
      IdCursor source(batch.View());
      IdCursor target(batch.View());
      for (auto left = static_cast<uint32_t>(batch.size()); left > 0;) {
        heap.Prepare(1);
        left -= index.Add(source, target, left);
      }
    }
    uint64_t found = 0;
    std::vector<std::string_view> targets(kAddBatch);
    for (const IdList& batch : batches) {
      IdCursor source(batch.View());
      index.Lookup(source, static_cast<uint32_t>(batch.size()), targets.data());
      IdCursor expected(batch.View());
      for (size_t i = 0; i < batch.size(); ++i) found += targets[i] == expected.Next() ? 1 : 0;
    }
    state.SetIterationTime(CpuSeconds() - begin);
    Verify(found == ids.size() && index.size() == ids.size(), "chosen");
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(ids.size()));
}

// ---- Threads, through the store ----

constexpr PlaceId kPlace = 1;

std::unique_ptr<ReferenceStore> NewStore(size_t slots, uint32_t places) {
  auto store = std::make_unique<ReferenceStore>(slots);
  for (uint32_t i = 0; i < places; ++i) {
    const std::string name = std::to_string(i);
    Change created;
    created.what = CreateIntegration{i + 1, name, "A", "B", {{kPlace + i, "articles"}}};
    store->Apply(created);
  }
  return store;
}

// Adds references `first` to `last` to a place.
void AddTo(ReferenceStore& store, PlaceId place, uint64_t first, uint64_t last) {
  IdMaker ids(Shape::kDigits);
  IdList sources, targets;
  for (uint64_t n = first; n < last; ++n) {
    sources.Add(ids.Source(n));
    targets.Add(ids.Target(n));
    if (sources.size() < kAddBatch && n + 1 < last) continue;
    store.Add(place, sources.View(), targets.View());
    sources.Clear();
    targets.Clear();
  }
}

// The store that readers share. Slot 0 and 1 are for them.
ReferenceStore& SharedStore() {
  static const std::unique_ptr<ReferenceStore> store = [] {
    auto filled = NewStore(2, 1);
    AddTo(*filled, kPlace, 0, g_references);
    return filled;
  }();
  return *store;
}

void ReadShared(benchmark::State& state, size_t slot) {
  ReferenceStore& store = SharedStore();
  const Questions& questions = QuestionsOf(Shape::kDigits, Ask::kSources, Hits::kHalf);
  // Threads begin at different places.
  size_t at = questions.batches.size() / 2 * slot;
  for (auto _ : state) {
    uint8_t bitmap[Questions::kBatch / 8];
    Verify(store.Check(slot, kPlace, questions.batches[at].View(), bitmap), "place");
    Verify(CountBits(bitmap) == questions.hits_expected[at], "hits");
    if (++at == questions.batches.size()) at = 0;
  }
  state.SetItemsProcessed(state.iterations() * Questions::kBatch);
}

void BM_Readers(benchmark::State& state) {
  ReadShared(state, static_cast<size_t>(state.thread_index()));
}

// One reader while another thread adds 100,000 references a second, beyond those asked for.
void BM_ReadDuringAdds(benchmark::State& state) {
  constexpr uint64_t kAddsPerSecond = 100'000;
  constexpr uint64_t kPerGroup = 500;  // a commit of the writer: one every 5 ms
  static uint64_t next = 2 * g_references;
  ReferenceStore& store = SharedStore();
  const uint64_t first = next;
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    const auto period = std::chrono::microseconds(kPerGroup * 1'000'000 / kAddsPerSecond);
    for (auto due = Clock::now(); !stop; due += period) {
      std::this_thread::sleep_until(due);
      AddTo(store, kPlace, next, next + kPerGroup);
      next += kPerGroup;
    }
  });
  const auto begin = Clock::now();
  ReadShared(state, 0);
  const double seconds = SecondsOf(Clock::now() - begin);
  stop = true;
  writer.join();
  state.counters["adds/s"] = static_cast<double>(next - first) / seconds;
}

// The longest that a single question waits while the store grows from empty at full speed.
void BM_StallOfReader(benchmark::State& state) {
  for (auto _ : state) {
    const auto store = NewStore(1, 1);
    std::atomic<bool> stop = false;
    std::vector<double> waits;
    std::thread reader([&] {
      IdMaker ids(Shape::kDigits);
      IdList list;
      list.Add(ids.Source(g_references));
      do {  // once at least, however busy the machine is
        uint8_t bitmap = 0;
        const auto begin = Clock::now();
        Verify(store->Check(0, kPlace, list.View(), &bitmap) && bitmap == 0, "absent");
        waits.push_back(SecondsOf(Clock::now() - begin));
      } while (!stop);
    });
    AddTo(*store, kPlace, 0, g_references);
    stop = true;
    reader.join();
    std::sort(waits.begin(), waits.end());
    state.counters["longest_ms"] = waits.back() * 1e3;
    state.counters["p9999_ms"] = waits[waits.size() * 9999 / 10'000] * 1e3;
  }
}

// ---- Small types ----

double ResidentBytes() {
  uint64_t total = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> total >> resident;
  return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

void BM_SmallTypes(benchmark::State& state) {
  constexpr uint32_t kTypes = 10'000;
  constexpr uint64_t kReferences = 50;
  for (auto _ : state) {
    const double before = ResidentBytes();
    const auto store = NewStore(1, kTypes);
    for (uint32_t i = 0; i < kTypes; ++i) {
      AddTo(*store, kPlace + i, i * kReferences, (i + 1) * kReferences);
    }
    state.counters["B/type"] = static_cast<double>(store->bytes_reserved()) / kTypes;
    state.counters["resident_B/type"] = (ResidentBytes() - before) / kTypes;
  }
}

// ---- Ratios ----

// Prints as usual, and remembers the time per item of each benchmark, to relate them at the end.
class RatioReporter : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override {
    ConsoleReporter::ReportRuns(runs);
    for (const Run& run : runs) {
      const auto rate = run.counters.find("items_per_second");
      if (run.run_type != Run::RT_Iteration || rate == run.counters.end()) continue;
      nanoseconds_[run.run_name.str()].push_back(1e9 / rate->second);
    }
  }

  void PrintRatios() {
    std::printf("\nmedian ns per ID\n");
    for (auto& [name, times] : nanoseconds_)
      std::printf("  %-44s %8.1f\n", name.c_str(), Median(name));
    std::printf("\nratios\n");
    Print("check is faster than the set, digits", "StringSet/digits/half", "Check/digits/half");
    Print("check is faster than the set, uuids", "StringSet/uuids/half", "Check/uuids/half");
    Print("check in random lines", "Check/digits/half", "RandomLine");
    Print("misses against hits", "Check/digits/misses", "Check/digits/hits");
    Print("reverse against lookup, half hits", "Reverse/digits/half", "Lookup/digits/half");
    Print("reverse against lookup, hits only", "Reverse/digits/hits", "Lookup/digits/hits");
    Print("IDs chosen to collide against others", "Chosen/colliding/iterations:1/manual_time",
          "Chosen/ordinary/iterations:1/manual_time");
    Print("two readers against one", "Readers/real_time/threads:1", "Readers/real_time/threads:2");
    Print("reads during adds against before", "Readers/real_time/threads:1",
          "ReadDuringAdds/real_time");
  }

 private:
  double Median(const std::string& name) {
    std::vector<double>& times = nanoseconds_[name];
    if (times.empty()) return std::nan("");
    std::sort(times.begin(), times.end());
    return times[times.size() / 2];
  }
  void Print(const char* what, const char* above, const char* below) {
    const double ratio = Median(above) / Median(below);
    if (!std::isnan(ratio)) std::printf("  %-44s %8.2f\n", what, ratio);
  }

  std::map<std::string, std::vector<double>> nanoseconds_;
};

void RegisterAll() {
  using benchmark::RegisterBenchmark;
  RegisterBenchmark("RandomLine", BM_RandomLine);
  for (const Shape shape : {Shape::kDigits, Shape::kUuids}) {
    for (const Hits hits : {Hits::kHalf, Hits::kAll, Hits::kNone}) {
      const std::string suffix =
          std::string("/").append(Name(shape)).append("/").append(Name(hits));
      RegisterBenchmark(("StringSet" + suffix).c_str(), BM_StringSet, shape, hits);
      RegisterBenchmark(("Check" + suffix).c_str(), BM_Check, shape, hits);
      RegisterBenchmark(("Lookup" + suffix).c_str(), BM_Lookup, shape, hits);
      RegisterBenchmark(("Reverse" + suffix).c_str(), BM_Reverse, shape, hits);
    }
    for (const Presize presize : {Presize::kNo, Presize::kYes}) {
      std::string name = presize == Presize::kYes ? "Load/" : "Grow/";
      RegisterBenchmark(name.append(Name(shape)).c_str(), BM_Grow, shape, presize)
          ->Iterations(1)
          ->UseManualTime()
          ->Unit(benchmark::kMillisecond);
    }
  }
  for (const auto& [name, bits] :
       {std::pair("Chosen/ordinary", 0U), std::pair("Chosen/colliding", kChosenBits)}) {
    RegisterBenchmark(name, BM_Chosen, bits)
        ->Iterations(1)
        ->UseManualTime()
        ->Unit(benchmark::kMillisecond);
  }
  RegisterBenchmark("Readers", BM_Readers)->Threads(1)->Threads(2)->UseRealTime();
  RegisterBenchmark("ReadDuringAdds", BM_ReadDuringAdds)->UseRealTime();
  RegisterBenchmark("StallOfReader", BM_StallOfReader)
      ->Iterations(1)
      ->UseRealTime()
      ->Unit(benchmark::kMillisecond);
  RegisterBenchmark("SmallTypes", BM_SmallTypes)->Iterations(1)->Unit(benchmark::kMillisecond);
}

// Takes --name=N out of the arguments.
void TakeFlag(int& argc, char** argv, const std::string& name, uint64_t& value) {
  const std::string prefix = "--" + name + "=";
  char** end = std::remove_if(argv + 1, argv + argc, [&](const char* argument) {
    if (std::strncmp(argument, prefix.c_str(), prefix.size()) != 0) return false;
    value = std::strtoull(argument + prefix.size(), nullptr, 10);
    return true;
  });
  argc = static_cast<int>(end - argv);
  argv[argc] = nullptr;
}

}  // namespace
}  // namespace xref

int main(int argc, char** argv) {
  xref::TakeFlag(argc, argv, "references", xref::g_references);
  xref::TakeFlag(argc, argv, "questions", xref::g_questions);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  xref::RegisterAll();
  xref::RatioReporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  reporter.PrintRatios();
}
