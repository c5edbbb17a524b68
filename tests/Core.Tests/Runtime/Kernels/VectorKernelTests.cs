using Amalgam.Runtime.Kernels;
using Xunit;

namespace Core.Tests.Runtime.Kernels;

public sealed unsafe class VectorKernelTests
{
    [Theory]
    [MemberData(nameof(Levels.Alone), MemberType = typeof(Levels))]
    public void A_row_is_divided_by_its_root_mean_square_and_weighted(InstructionLevel level)
    {
        const int columns = 41;
        using NativeBuffer source = Random(48, columns, 1), weight = Random(48, columns, 2), target = NativeBuffer.ForFloats(48);
        VectorKernel.Make(level).Normalise(F(source), F(weight), F(target), columns, 1e-5f);
        double mean = Enumerable.Range(0, columns).Average(i => (double)F(source)[i] * F(source)[i]);
        for (int i = 0; i < 48; i++) Assert.Equal(F(source)[i] * F(weight)[i] / Math.Sqrt(mean + 1e-5), F(target)[i], 1e-5);
    }

    [Theory]
    [MemberData(nameof(Levels.Alone), MemberType = typeof(Levels))]
    public void Gating_follows_the_formula_from_far_below_to_far_above_zero(InstructionLevel level)
    {
        using NativeBuffer gate = NativeBuffer.ForFloats(256), up = NativeBuffer.ForFloats(256);
        for (int i = 0; i < 256; i++) (F(gate)[i], F(up)[i]) = ((i - 128) * 0.9f, 1.5f);
        var before = new Span<float>(gate.Pointer, 256).ToArray();
        VectorKernel.Make(level).Gate(F(gate), F(up), 256);
        for (int i = 0; i < 256; i++)
        {
            double expected = 1.5 * before[i] / (1 + Math.Exp(-before[i]));
            Assert.True(Math.Abs(F(gate)[i] - expected) < 1e-6 + (1e-6 * Math.Abs(expected)), $"{before[i]}: {F(gate)[i]} instead of {expected}");
        }
    }

    [Theory]
    [MemberData(nameof(Levels.Alone), MemberType = typeof(Levels))]
    public void Quantised_rows_are_the_same_at_every_level(InstructionLevel level)
    {
        using var row = Random(128, 128, 5);
        new Span<float>(F(row) + 32, 32).Clear();
        using Activations narrow = new(1, 128, ActivationForms.Blocks), wide = new(1, 128, ActivationForms.Blocks);
        VectorKernel.Make(InstructionLevel.Scalar).Prepare(F(row), narrow, 0, 0, 128, ActivationForms.Blocks);
        VectorKernel.Make(level).Prepare(F(row), wide, 0, 0, 128, ActivationForms.Blocks);
        Assert.Equal(new ReadOnlySpan<byte>(narrow.Blocks(0), 4 * sizeof(ActivationBlock)), new ReadOnlySpan<byte>(wide.Blocks(0), 4 * sizeof(ActivationBlock)));
        Assert.Equal(0, wide.Blocks(0)[1].Scale);
        Assert.Equal(-8 * Enumerable.Range(0, 32).Sum(i => wide.Blocks(0)->Quants[i]), wide.Blocks(0)->Offset4);
    }

    [Theory]
    [MemberData(nameof(Levels.Alone), MemberType = typeof(Levels))]
    public void Attention_weighs_values_by_the_softmax_of_the_scores(InstructionLevel level)
    {
        foreach (var (width, queries, length, step) in new[] { (32, 4, 1, 1), (48, 3, 37, 1), (64, 4, 33, 0), (16, 1, 100, 0), (80, 2, 64, 0) })
        {
            using var bench = new AttentionBench(width, queries, length, step);
            VectorKernel.Make(level).Attend(bench.Unit, bench.Scores);
            bench.AssertOutput();
        }
    }

    private static float* F(NativeBuffer buffer) => (float*)buffer.Pointer;

    private static NativeBuffer Random(int count, int columns, int seed)
    {
        var random = new Random(seed);
        var buffer = NativeBuffer.ForFloats(count);
        for (int i = 0; i < columns; i++) F(buffer)[i] = (float)((random.NextDouble() * 6) - 3);
        return buffer;
    }

    private sealed class AttentionBench : IDisposable
    {
        private const int Positions = 128;
        private readonly NativeBuffer keys, values, query, output, scores;

        public AttentionBench(int width, int queries, int length, int step)
        {
            int stride = (width + 31) / 32 * 32;
            var random = new Random(9);
            keys = new NativeBuffer(Positions * width * 2);
            values = new NativeBuffer(Positions * stride * 2);
            (query, output) = (Random(queries * width, queries * width, 10), NativeBuffer.ForFloats(queries * width));
            scores = NativeBuffer.ForFloats(AttentionUnit.ScoreFloats(Positions));
            for (int i = 0; i < Positions * width; i++) ((ushort*)keys.Pointer)[i] = HalfBits.FromSingle((float)(random.NextDouble() - 0.5));
            for (int p = 0; p < Positions; p++)
            {
                for (int i = 0; i < width; i++) ((ushort*)values.Pointer)[(p * stride) + i] = HalfBits.FromSingle((float)(random.NextDouble() - 0.5));
            }

            for (int i = 0; i < queries * width; i++) F(query)[i] *= AttentionUnit.QueryScale(width);
            Unit = new AttentionUnit
            {
                Keys = (ushort*)keys.Pointer, Values = (ushort*)values.Pointer, Width = width, ValueStride = stride, Queries = queries,
                Query = F(query), QueryStride = width, Output = F(output), OutputStride = width, Length = length, LengthStep = step,
            };
        }

        public AttentionUnit Unit { get; }

        public float* Scores => F(scores);

        public void AssertOutput()
        {
            for (int q = 0; q < Unit.Queries; q++)
            {
                var weights = Enumerable.Range(0, Unit.Length + (q * Unit.LengthStep)).Select(p => Math.Exp(Score(q, p))).ToArray();
                for (int i = 0; i < Unit.Width; i++)
                {
                    double expected = 0;
                    for (int p = 0; p < weights.Length; p++) expected += weights[p] / weights.Sum() * HalfBits.ToSingle(Unit.Values[(p * Unit.ValueStride) + i]);
                    Assert.Equal(expected, Unit.Output[(q * Unit.OutputStride) + i], 1e-5);
                }
            }
        }

        public void Dispose()
        {
            foreach (var buffer in new[] { keys, values, query, output, scores }) buffer.Dispose();
        }

        private double Score(int q, int position)
        {
            double sum = 0;
            for (int i = 0; i < Unit.Width; i++)
            {
                double key = HalfBits.ToSingle(Unit.Keys[(position / 16 * Unit.Width * 16) + (i * 16) + (position % 16)]);
                sum += key * Unit.Query[(q * Unit.QueryStride) + i] / HalfBits.InputScale;
            }

            return sum;
        }
    }
}
