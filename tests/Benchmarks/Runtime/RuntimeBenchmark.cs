using System.Diagnostics;
using System.Globalization;
using Amalgam.Runtime.Gguf;
using Amalgam.Runtime.Kernels;
using Amalgam.Runtime.Model;
using Core.Tests.Runtime;

namespace Amalgam.Benchmarks.Runtime;

/// <summary>
/// Tokens per second of ours and of llama.cpp, same file, same threads, taking turns in one process. The ratio is the median of the rounds' own
/// ratios, because both halves of a round meet the same disturbance. Options: --model FILE, --types q8_0,q4_0,f16,bf16,f32 (of generated models),
/// --vocabulary N, --threads N, --rounds N, and --cpu-time, which with one thread measures on a busy machine.
/// </summary>
internal static class RuntimeBenchmark
{
    private const int Prompt = 256;
    private const int Steps = 32;
    private const int Context = 512;

    /// <summary>Wall time, or the processor time of this process: on one thread of a busy machine the latter leaves out what others take.</summary>
    private static Func<TimeSpan> readClock = () => TimeSpan.FromSeconds((double)Stopwatch.GetTimestamp() / Stopwatch.Frequency);

    private static readonly (string Name, int Sequences)[] Cases = [($"prompt of {Prompt}", 0), ("decode, 1 sequence", 1), ("4 sequences", 4), ("8 sequences", 8)];

    public static int Run(string[] args)
    {
        var options = RuntimeBenchmarkOptions.Parse(args);
        if (options.CpuTime) readClock = () => Environment.CpuUsage.TotalTime;
        var library = LlamaLibrary.Open(out var reason);
        if (library is null) Console.WriteLine($"without llama.cpp: {reason}");
        Console.WriteLine($"{InstructionLevels.Current}, {options.Threads} threads, {options.Rounds} rounds, {(options.CpuTime ? "processor" : "wall")} time, {DateTime.UtcNow:yyyy-MM-dd HH:mm} UTC");
        foreach (var path in options.Models()) Measure(path, library, options);
        return 0;
    }

    private static void Measure(string path, LlamaLibrary? library, RuntimeBenchmarkOptions options)
    {
        using var file = GgufFile.Open(path);
        var watch = Stopwatch.StartNew();
        using var ours = LanguageModel.Load(file, new ModelOptions(8, Context, options.Threads));
        Print($"\n{Path.GetFileName(path)}, {file.Length / 1e6:0} MB, loaded in {watch.ElapsedMilliseconds} ms");
        using var theirs = library is null ? null : new LlamaModel(library, path, 8, Context, options.Threads, ours.Shape.Vocabulary);
        Console.WriteLine("| case | llama.cpp tokens/s | ours tokens/s | ratio (min-max) |\n|---|---|---|---|");
        foreach (var (name, sequences) in Cases) MeasureCase(name, sequences, ours, theirs, options.Rounds);
    }

    private static void MeasureCase(string name, int sequences, LanguageModel ours, LlamaModel? theirs, int rounds)
    {
        var output = new float[8 * ours.Shape.Vocabulary];
        Pass oursPass = batch => ours.Forward(batch, output);
        Pass? theirsPass = theirs is null ? null : batch => theirs.Forward(batch, output);
        Once(oursPass, () => { }, sequences, ours.Shape.Vocabulary);
        if (theirsPass is not null) Once(theirsPass, theirs!.Clear, sequences, ours.Shape.Vocabulary);
        double[] left = new double[rounds], right = new double[rounds];
        for (int round = 0; round < rounds; round++)
        {
            if (theirsPass is not null) left[round] = Once(theirsPass, theirs!.Clear, sequences, ours.Shape.Vocabulary);
            right[round] = Once(oursPass, () => { }, sequences, ours.Shape.Vocabulary);
        }

        var ratios = left.Zip(right, (l, r) => r / l).Order().ToArray();
        if (theirs is null) Print($"| {name} | | {Median(right):0} | |");
        else Print($"| {name} | {Median(left):0} | {Median(right):0} | {Median(ratios):0.00} ({ratios[0]:0.00}-{ratios[^1]:0.00}) |");
    }

    private delegate void Pass(ReadOnlySpan<BatchToken> batch);

    /// <summary>Tokens per second of one prompt (no sequences), or of some steps of that many sequences behind a short prompt each.</summary>
    private static double Once(Pass pass, Action clear, int sequences, int vocabulary)
    {
        clear();
        if (sequences == 0) return Prompt / Seconds(() => pass(Batch(Prompt, 1, 0, vocabulary, lastOnly: true)));
        for (int slot = 0; slot < sequences; slot++)
        {
            pass([.. Enumerable.Range(0, 16).Select(i => new BatchToken(i % vocabulary, i, slot, i == 15 ? BatchOutput.Logits : BatchOutput.None))]);
        }

        return Steps * sequences / Seconds(() =>
        {
            for (int step = 0; step < Steps; step++) pass(Batch(1, sequences, 16 + step, vocabulary, lastOnly: false));
        });
    }

    private static BatchToken[] Batch(int tokens, int sequences, int position, int vocabulary, bool lastOnly) =>
        [.. from slot in Enumerable.Range(0, sequences)
            from i in Enumerable.Range(0, tokens)
            let wanted = !lastOnly || i == tokens - 1
            select new BatchToken(((position + i) * 31 + slot) % vocabulary, position + i, slot, wanted ? BatchOutput.Logits : BatchOutput.None)];

    private static double Seconds(Action action)
    {
        var clock = readClock();
        action();
        return (readClock() - clock).TotalSeconds;
    }

    private static double Median(double[] values)
    {
        var ordered = values.Order().ToArray();
        return (ordered[(ordered.Length - 1) / 2] + ordered[ordered.Length / 2]) / 2;
    }

    private static void Print(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
