using Amalgam.Core.Allocation.Placement;
using Xunit;
using Xunit.Abstractions;

namespace Core.Tests.Allocation.Placement;

public sealed class PlacementBookTests(ITestOutputHelper output)
{
    private static readonly NodeShape Eight = new(0, 8, 64_000, 512_000);

    private static RequestMix MixOf(params PlacementRequest[] requests)
    {
        var mix = new RequestMix();
        foreach (var request in requests)
        {
            mix.Ask(request);
        }
        return mix;
    }

    [Fact]
    public void A_share_joins_a_device_that_is_open_already()
    {
        var half = new PlacementRequest(500, 4000, 16_000);
        var book = new PlacementBook([Eight, Eight], MixOf(half, new PlacementRequest(1000, 8000, 32_000)));
        var first = book.Best(book.KindOf(half))!.Value;
        book.Take(first.Node, half, first.Devices.AsSpan());
        var second = book.Best(book.KindOf(half))!.Value;
        Assert.Equal((first.Node, first.Devices[0]), (second.Node, second.Devices[0]));
    }

    [Fact]
    public void Work_that_can_go_anywhere_leaves_the_class_that_others_need()
    {
        var picky = new PlacementRequest(1000, 1000, 1000, Speeds: [1, 0]);
        var easy = new PlacementRequest(1000, 1000, 1000, Speeds: [1, 1]);
        var book = new PlacementBook([Eight, Eight with { Chip = 1 }], MixOf(picky, easy));
        Assert.Equal(1, book.Best(book.KindOf(easy))!.Value.Node);
    }

    [Fact]
    public void A_task_with_many_cores_goes_where_cores_are_plenty()
    {
        var hungry = new PlacementRequest(0, 16_000, 1000);
        var mix = MixOf(new PlacementRequest(1000, 8000, 32_000));
        var book = new PlacementBook([Eight, Eight with { CpuMilli = 256_000 }], mix);
        Assert.Equal(1, book.Best(book.KindOf(hungry))!.Value.Node);
    }

    [Fact]
    public void Of_equal_losses_the_tighter_place_is_taken_and_only_equal_rests_are_ties()
    {
        var cores = new PlacementRequest(0, 1000, 1000);
        var book = new PlacementBook([Eight, Eight, Eight, Eight], MixOf(new PlacementRequest(1000, 4000, 16_000)));
        book.Take(1, cores, []);
        book.Take(3, cores, []);
        var kind = book.KindOf(cores);
        var best = book.Best(kind)!.Value;
        Assert.Equal([1, 3], book.Tied(best, kind).Select(choice => choice.Node));
        Assert.Equal([0, 1, 2, 3], book.Tied(best, kind, byLossAlone: true).Select(choice => choice.Node));
    }

    [Fact]
    public void Device_memory_is_never_given_out_twice()
    {
        var shape = new NodeShape(0, 1, MemoryMiB: 80_000);
        var large = new PlacementRequest(250, MemoryMiB: 50_000);
        var book = new PlacementBook([shape], MixOf(large));
        book.Take(0, large, [0]);
        Assert.Null(book.Best(book.KindOf(large)));
    }

    [Fact]
    public void A_lost_device_is_not_offered_and_comes_back()
    {
        var whole = new PlacementRequest(1000);
        var book = new PlacementBook([new NodeShape(0, 1)], MixOf(whole));
        book.SetHealthy(0, 0, false);
        Assert.Null(book.Best(book.KindOf(whole)));
        book.SetHealthy(0, 0, true);
        Assert.NotNull(book.Best(book.KindOf(whole)));
    }

    [Fact]
    public void Taking_more_than_there_is_is_refused_and_changes_nothing()
    {
        var whole = new PlacementRequest(1000, 40_000);
        var book = new PlacementBook([Eight], MixOf(whole));
        book.Take(0, whole, [0]);
        Assert.Throws<InvalidOperationException>(() => book.Take(0, whole, [1]));
        book.Release(0, whole, [0]);
        Assert.NotNull(book.Best(book.KindOf(whole)));
    }

    [Fact]
    public void The_index_finds_what_a_scan_of_all_nodes_finds_and_never_over_commits()
    {
        const int seed = 11;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var nodes = Enumerable.Range(0, 40).Select(_ => new NodeShape(random.Next(3), 1 << random.Next(4), 32_000L << random.Next(3), 131_072L << random.Next(3))).ToArray();
        var kinds = Enumerable.Range(0, 12).Select(_ => RandomRequest(random)).ToArray();
        var book = new PlacementBook(nodes, MixOf(kinds));
        var held = new List<(int Node, PlacementRequest Request, int[] Devices)>();
        for (var step = 0; step < 4000; step++)
        {
            if (held.Count > 0 && random.Next(5) < 2)
            {
                var at = random.Next(held.Count);
                book.Release(held[at].Node, held[at].Request, held[at].Devices);
                held.RemoveAt(at);
                continue;
            }
            var request = kinds[random.Next(kinds.Length)];
            var kind = book.KindOf(request);
            var best = book.Best(kind);
            var scanned = Enumerable.Range(0, nodes.Length).Select(n => book.On(n, kind)).Where(c => c is not null).Select(c => c!.Value).ToArray();
            Assert.Equal(scanned.Length > 0, best is not null);
            if (best is { } choice)
            {
                Assert.Equal(scanned.Min(c => c.Loss), choice.Loss);
                book.Take(choice.Node, request, choice.Devices.AsSpan());
                held.Add((choice.Node, request, [.. choice.Devices]));
            }
        }
    }

    private static PlacementRequest RandomRequest(Random random) => new(
        random.Next(2) == 0 ? random.Next(1, 20) * 50 : 1000 << random.Next(3), random.Next(1, 16) * 1000, random.Next(1, 64) * 1024,
        Speeds: [random.Next(4) == 0 ? 0 : 1, 1, random.Next(2)]);

    [Fact]
    public void What_is_given_back_restores_the_loss_of_every_kind()
    {
        var share = new PlacementRequest(370, 6000, 20_000);
        var book = new PlacementBook([Eight, Eight], MixOf(share));
        var kind = book.KindOf(share);
        var before = book.On(0, kind);
        book.Take(0, share, [3]);
        Assert.NotEqual(before!.Value.Loss, book.On(0, kind)!.Value.Loss);
        book.Release(0, share, [3]);
        Assert.Equal(before.Value.Loss, book.On(0, kind)!.Value.Loss);
        Assert.Equal(1, book.StateCount);
    }

    [Fact]
    public void A_mix_that_forgets_follows_what_is_asked_now()
    {
        var (old, now) = (new PlacementRequest(1000), new PlacementRequest(500));
        var mix = new RequestMix(halfLifeRequests: 10);
        for (var i = 0; i < 100; i++)
        {
            mix.Ask(i < 50 ? old : now);
        }
        var weights = mix.Kinds.ToDictionary(k => k.Request, k => k.Weight);
        Assert.InRange(weights[old] / weights[now], 0, 0.05);
    }

    [Fact]
    public void Without_anything_to_learn_from_a_place_is_found_all_the_same()
    {
        var book = new PlacementBook([Eight], new RequestMix());
        Assert.NotNull(book.Best(book.KindOf(new PlacementRequest(2000, 1000, 1000))));
    }
}
