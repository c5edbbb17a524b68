using System.Globalization;
using Amalgam.Runtime.Gguf;
using Core.Tests.Runtime;

namespace Amalgam.Benchmarks.Runtime;

/// <summary>Which models to measure and how. Without a file of its own the benchmark makes models of random weights, whose speed is that of real ones.</summary>
internal sealed record RuntimeBenchmarkOptions(string? Model, string[] Types, int Threads, int Rounds, int Vocabulary, bool CpuTime)
{
    public static RuntimeBenchmarkOptions Parse(string[] args)
    {
        string? Value(string name) => Array.IndexOf(args, name) is >= 0 and var at && at + 1 < args.Length ? args[at + 1] : null;
        int Number(string name, int otherwise) => Value(name) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
        return new RuntimeBenchmarkOptions(
            Value("--model"), (Value("--types") ?? "q8_0,q4_0,f16").Split(','), Number("--threads", Environment.ProcessorCount), Number("--rounds", 5), Number("--vocabulary", 512),
            args.Contains("--cpu-time"));
    }

    public IEnumerable<string> Models() => Model is not null ? [Model] : Types.Select(Generated);

    /// <summary>358 million weights in the shape of a small qwen2, kept between runs.</summary>
    private string Generated(string type)
    {
        string folder = Path.Combine(Path.GetTempPath(), "amalgam-benchmark-models");
        Directory.CreateDirectory(folder);
        string path = Path.Combine(folder, $"random-358m-{Vocabulary}-{type}.gguf");
        if (File.Exists(path)) return path;
        Console.WriteLine($"making {path}");
        TinyGguf.Write(path + ".part", new TinyModel
        {
            Architecture = "qwen2", Layers = 24, Width = 896, Heads = 14, KeyValueHeads = 2, HeadWidth = 64, FeedForwardWidth = 4864,
            Vocabulary = Vocabulary, RotaryBase = 1_000_000, WeightType = Enum.Parse<GgufType>(type.ToUpperInvariant()),
        });
        File.Move(path + ".part", path);
        return path;
    }
}
