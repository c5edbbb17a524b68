using Amalgam.Contracts;
using Amalgam.Pages.Frame;
using Amalgam.Pages.Jobs;
using Amalgam.Pages.Overview;
using Amalgam.Pages.Words;
using Xunit;

namespace Core.Tests.Pages;

/// <summary>What pages make of the API's answers.</summary>
public sealed class PageTests
{
    private static readonly Look English = new() { Words = WordList.Of("en"), Theme = "auto", Place = "/", Path = "/", Seal = "", Version = "" };
    private static readonly Look German = English with { Words = WordList.Of("de") };

    [Theory]
    [InlineData("python3 train.py --epochs 3", "python3|train.py|--epochs|3")]
    [InlineData("  sh -c 'echo \"a b\"; echo c'  ", "sh|-c|echo \"a b\"; echo c")]
    [InlineData("echo \"it's\" a\\ b ''", "echo|it's|a b|")]
    [InlineData("echo a\"b c\"d", "echo|ab cd")]
    [InlineData("", "")]
    public void A_command_line_is_read_as_a_shell_reads_its_words(string line, string words) =>
        Assert.Equal(words.Length == 0 ? [] : words.Split('|'), Work.Words(line));

    [Theory]
    [InlineData("echo 'open")]
    [InlineData("echo \"open")]
    public void A_quote_that_stays_open_is_no_command(string line) => Assert.Null(Work.Words(line));

    [Theory]
    [InlineData("1234.5", "1,234.50", "1.234,50")]
    [InlineData("0.000004670", "0.000005", "0,000005")]
    [InlineData("0", "0.00", "0,00")]
    [InlineData("-3.1", "-3.10", "-3,10")]
    [InlineData(null, "–", "–")]
    public void Money_is_shortened_for_the_eye_in_the_way_of_the_language(string? exact, string english, string german)
    {
        Assert.Equal(english, English.Money(exact));
        Assert.Equal(german, German.Money(exact));
    }

    [Fact]
    public void The_pool_is_grouped_by_class_and_holder_and_a_stranger_stays_nameless()
    {
        var node = new NodeView
        {
            Name = "n1", Engine = "local", Machine = "m1", ChipClass = "h100",
            Devices =
            [
                new(0, true, null, [new("lab", "w1", "l1", 1)]), new(1, true, null, [new("lab", "w2", "l2", 0.25m), new("ops", "w3", "l3", 0.5m)]), new(2, true, null, [new(null, null, null, 1)]),
                new(3, true, null, null), new(4, false, "fell off the bus", [new("lab", "w1", "l1", 1)]),
            ],
        };
        var picture = Assert.Single(PoolPicture.Of([node], [], English).Classes);
        Assert.Equal([(CellKind.Held, "lab"), (CellKind.Held, "ops"), (CellKind.Other, "other units"), (CellKind.Idle, "idle"), (CellKind.Lost, "lost")], picture.Groups.Select(group => (group.Kind, group.Name)));
        Assert.Equal(0.75m, picture.Groups[1].Cells[0].Share);
        Assert.Contains("fell off the bus", picture.Groups[4].Cells[0].Title, StringComparison.Ordinal);
        Assert.DoesNotContain("w", picture.Groups[2].Cells[0].Title.Split('·')[1], StringComparison.Ordinal);
    }

    [Fact]
    public void Counted_the_pool_is_grouped_as_it_is_device_by_device()
    {
        IReadOnlyList<HoldingView> holdings = [new("h100", "held", "lab", 400, 400, null), new("h100", "held", null, 3, 3, null), new("h100", "idle", null, 600, 0, null), new("h100", "lost", null, 1, 0, "gone"), new("a100", "idle", null, 9, 0, null)];
        var picture = PoolPicture.Counted(holdings, [], English);
        Assert.Equal(1013, picture.Devices);
        Assert.Equal(["a100", "h100"], picture.Classes.Select(group => group.ChipClass));
        Assert.Equal(
            [(CellKind.Held, "lab", 400), (CellKind.Other, "other units", 3), (CellKind.Idle, "idle", 600), (CellKind.Lost, "lost", 1)],
            picture.Classes[1].Groups.Select(group => (group.Kind, group.Name, group.Count)));
    }

    [Theory]
    [InlineData(3, "M0 0h30v10h-30z")]
    [InlineData(9, "M0 0h80v10h-80zM0 10h10v10h-10z")]
    [InlineData(16, "M0 0h80v20h-80z")]
    public void The_ground_of_a_group_has_room_for_each_of_its_cells_and_for_no_other(int count, string ground) =>
        Assert.Equal(ground, new HolderPicture(CellKind.Idle, "idle", count, []).Ground(10));

    [Fact]
    public void A_class_keeps_its_colour_simulated_or_not()
    {
        ClassColours.Learn(["one-class", "another-class"]);
        Assert.Equal(ClassColours.Of("one-class"), ClassColours.Of("one-class (simulated)"));
        Assert.NotEqual(ClassColours.Of("one-class"), ClassColours.Of("another-class"));
        Assert.InRange(ClassColours.Of(null), 0, ClassColours.Count - 1);
    }
}
