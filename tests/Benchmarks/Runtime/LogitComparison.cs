using System.Globalization;
using Amalgam.Runtime.Gguf;
using Amalgam.Runtime.Model;
using Core.Tests.Runtime;

namespace Amalgam.Benchmarks.Runtime;

/// <summary>Runs the same tokens through ours and llama.cpp and prints how far the logits are apart, for every shape and weight type.</summary>
internal static class LogitComparison
{
    private const int Tokens = ReferenceLogits.Tokens;

    /// <summary>Largest difference allowed. Quantised activations may round to the other side; llama.cpp rounds activations to 8 bits of mantissa for BF16.</summary>
    private static readonly Dictionary<GgufType, float> Tolerances = new()
    {
        [GgufType.F32] = 0.02f, [GgufType.F16] = 0.02f, [GgufType.BF16] = 0.15f, [GgufType.Q8_0] = 0.25f, [GgufType.Q4_0] = 0.25f, [GgufType.Q6_K] = 0.25f,
    };

    public static int Run()
    {
        if (LlamaLibrary.Open(out var reason) is not { } library)
        {
            Console.WriteLine($"skipped: {reason}");
            return 0;
        }

        bool good = true;
        Console.WriteLine("| shape | weights | largest difference | mean | same best token (where clear) |");
        Console.WriteLine("|---|---|---|---|---|");
        foreach (var architecture in ReferenceModels.Architectures)
        {
            foreach (var type in Tolerances.Keys) good &= Compare(library, ReferenceModels.Of(architecture, type));
        }

        Console.WriteLine(good ? "all within tolerance" : "DIFFERENT");
        return good ? 0 : 1;
    }

    /// <summary>Writes what llama.cpp answers, for the tests that run without it.</summary>
    public static int Record(string target)
    {
        if (LlamaLibrary.Open(out var reason) is not { } library)
        {
            Console.Error.WriteLine($"nothing recorded: {reason}");
            return 1;
        }

        var lines = from architecture in ReferenceModels.Architectures
                    from type in ReferenceModels.WeightTypes
                    from layers in ReferenceModels.Depths
                    from line in Lines(library, ReferenceModels.Of(architecture, type, layers))
                    select line.ToString();
        File.WriteAllLines(target, ["# llama.cpp library 0.5.0 (npm package node-llama-cpp 3.22.1), one thread", .. lines]);
        return 0;
    }

    private static List<ReferenceLogits> Lines(LlamaLibrary library, TinyModel description)
    {
        string path = TinyGguf.WriteTemporary(description);
        try
        {
            var logits = new float[Tokens * description.Vocabulary];
            using (var model = new LlamaModel(library, path, 1, 256, 1, description.Vocabulary)) model.Forward(ReferenceModels.Batch(description, Tokens), logits);
            return [.. ReferenceLogits.Positions.Select(position => new ReferenceLogits(
                description.Architecture, description.WeightType, description.Layers, position,
                logits[(position * description.Vocabulary)..][..ReferenceLogits.Kept]))];
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static bool Compare(LlamaLibrary library, TinyModel description)
    {
        string path = TinyGguf.WriteTemporary(description);
        try
        {
            var (ours, theirs) = (new float[Tokens * description.Vocabulary], new float[Tokens * description.Vocabulary]);
            var batch = ReferenceModels.Batch(description, Tokens);
            using (var file = GgufFile.Open(path))
            using (var model = LanguageModel.Load(file, new ModelOptions(Slots: 1, ContextLength: 256, Threads: 2))) model.Forward(batch, ours);
            using (var model = new LlamaModel(library, path, 1, 256, 2, description.Vocabulary)) model.Forward(batch, theirs);
            return Report(description, ours, theirs);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static bool Report(TinyModel description, float[] ours, float[] theirs)
    {
        float tolerance = Tolerances[description.WeightType], largest = 0;
        double sum = 0;
        int clear = 0, same = 0;
        for (int i = 0; i < ours.Length; i++)
        {
            float difference = Math.Abs(ours[i] - theirs[i]);
            largest = float.IsNaN(difference) ? float.NaN : Math.Max(largest, difference);
            sum += difference;
        }

        for (int row = 0; row < Tokens; row++)
        {
            var (best, margin) = Best(theirs.AsSpan(row * description.Vocabulary, description.Vocabulary));
            if (margin <= 2 * tolerance) continue;
            clear++;
            same += Best(ours.AsSpan(row * description.Vocabulary, description.Vocabulary)).Index == best ? 1 : 0;
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"| {description.Architecture} | {description.WeightType} | {largest:0.0000} | {sum / ours.Length:0.00000} | {same} of {clear} |"));
        return largest <= tolerance && same == clear;
    }

    private static (int Index, float Margin) Best(ReadOnlySpan<float> row)
    {
        int best = 0;
        float second = float.NegativeInfinity;
        for (int i = 1; i < row.Length; i++)
        {
            if (row[i] > row[best]) (second, best) = (row[best], i);
            else second = Math.Max(second, row[i]);
        }

        return (best, row[best] - second);
    }
}
