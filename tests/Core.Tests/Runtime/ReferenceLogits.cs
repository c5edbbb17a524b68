using System.Globalization;
using Amalgam.Runtime.Gguf;

namespace Core.Tests.Runtime;

/// <summary>
/// Logits that llama.cpp gave for <see cref="ReferenceModels"/>, one line each: architecture, weight type, layers, position, then the first
/// numbers of the row. Recorded anew with <c>benchmarks runtime-logits --record FILE</c>.
/// </summary>
public sealed record ReferenceLogits(string Architecture, GgufType Type, int Layers, int Position, float[] Values)
{
    /// <summary>Tokens in the batch that was run.</summary>
    public const int Tokens = 40;

    public static readonly int[] Positions = [0, Tokens - 1];

    /// <summary>Logits kept of each row.</summary>
    public const int Kept = 24;

    public static IEnumerable<ReferenceLogits> Read(string path) => File.ReadLines(path).Where(line => line.Length > 0 && line[0] != '#').Select(Parse);

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{Architecture} {Type} {Layers} {Position} {string.Join(' ', Values.Select(value => value.ToString("0.0000", CultureInfo.InvariantCulture)))}");

    private static ReferenceLogits Parse(string line)
    {
        var parts = line.Split(' ');
        int Number(int at) => int.Parse(parts[at], CultureInfo.InvariantCulture);
        return new ReferenceLogits(
            parts[0], Enum.Parse<GgufType>(parts[1]), Number(2), Number(3), [.. parts.Skip(4).Select(part => float.Parse(part, CultureInfo.InvariantCulture))]);
    }
}
