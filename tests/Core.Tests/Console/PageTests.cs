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

    [Fact]
    public void A_limit_in_the_way_is_a_remedy_and_anything_else_is_none()
    {
        var limit = Explained("Unit lab holds 16 devices of its limit of 16 devices of h100.", "Raise the limit of lab to 24 devices, or let other work of it end.");
        Assert.Equal(new Remedy("lab", "h100", 24), Remedy.Of(limit));
        var share = Explained("Unit lab holds 1 device of its limit of 1 device of cpu-scalar.", "Raise the limit of lab to 1.5 devices, or let other work of it end.");
        Assert.Equal(new Remedy("lab", "cpu-scalar", 1.5m), Remedy.Of(share));
        Assert.Null(Remedy.Of(Explained("No h100 device is free.", "8 devices of h100 more to become free.")));
        Assert.Null(Remedy.Of(Explained("It runs.", null)));
        Assert.Null(Remedy.Of(null));
    }

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
    public void Five_thousand_devices_are_few_bytes()
    {
        var nodes = Enumerable.Range(0, 625).Select(at => new NodeView
        {
            Name = $"n{at}", Engine = "sim", Machine = $"m{at}", ChipClass = $"c{at % 5}", Devices = [.. Enumerable.Range(0, 8).Select(index => new DeviceView(index, true, null, index < 5 ? [new($"u{at % 20}", $"w{at}", $"l{at}", 1)] : null))],
        }).ToList();
        var picture = PoolPicture.Of(nodes, [], English);
        Assert.Equal(5000, picture.Devices);
        Assert.Equal(5000, picture.Classes.Sum(group => group.Groups.Sum(holder => holder.Cells.Count)));
        Assert.InRange(picture.Classes.Sum(group => group.Groups.Sum(holder => holder.Path(picture.Cell, picture.Gap).Length)), 1, 120_000);
    }

    [Fact]
    public void A_class_keeps_its_colour_simulated_or_not()
    {
        ClassColours.Learn(["one-class", "another-class"]);
        Assert.Equal(ClassColours.Of("one-class"), ClassColours.Of("one-class (simulated)"));
        Assert.NotEqual(ClassColours.Of("one-class"), ClassColours.Of("another-class"));
        Assert.InRange(ClassColours.Of(null), 0, ClassColours.Count - 1);
    }

    private static ExplainView Explained(string explanation, string? change) => new() { Id = "w1", Name = "job", Phase = "waiting", Explanation = explanation, SmallestChange = change };
}
