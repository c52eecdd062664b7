# A chain of branches longer than Python's compiler can follow.
# level: L1
# verdicts: crashed crashed crashed
# alone: yes

class Attack:
    pass


if 0:
    pass
elif 1:
    pass
elif 2:
    pass
elif 3:
    pass
elif 4:
    pass
elif 5:
    pass
elif 6:
    pass
elif 7:
    pass
elif 8:
    pass
elif 9:
    pass
elif 10:
    pass
elif 11:
    pass
elif 12:
    pass
elif 13:
    pass
elif 14:
    pass
elif 15:
    pass
elif 16:
    pass
elif 17:
    pass
elif 18:
    pass
elif 19:
    pass
elif 20:
    pass
elif 21:
    pass
elif 22:
    pass
elif 23:
    pass
elif 24:
    pass
elif 25:
    pass
elif 26:
    pass
elif 27:
    pass
elif 28:
    pass
elif 29:
    pass
elif 30:
    pass
elif 31:
    pass
elif 32:
    pass
elif 33:
    pass
elif 34:
    pass
elif 35:
    pass
elif 36:
    pass
elif 37:
    pass
elif 38:
    pass
elif 39:
    pass
elif 40:
    pass
elif 41:
    pass
elif 42:
    pass
elif 43:
    pass
elif 44:
    pass
elif 45:
    pass
elif 46:
    pass
elif 47:
    pass
elif 48:
    pass
elif 49:
    pass
elif 50:
    pass
elif 51:
    pass
elif 52:
    pass
elif 53:
    pass
elif 54:
    pass
elif 55:
    pass
elif 56:
    pass
elif 57:
    pass
elif 58:
    pass
elif 59:
    pass
elif 60:
    pass
elif 61:
    pass
elif 62:
    pass
elif 63:
    pass
elif 64:
    pass
elif 65:
    pass
elif 66:
    pass
elif 67:
    pass
elif 68:
    pass
elif 69:
    pass
elif 70:
    pass
elif 71:
    pass
elif 72:
    pass
elif 73:
    pass
elif 74:
    pass
elif 75:
    pass
elif 76:
    pass
elif 77:
    pass
elif 78:
    pass
elif 79:
    pass
elif 80:
    pass
elif 81:
    pass
elif 82:
    pass
elif 83:
    pass
elif 84:
    pass
elif 85:
    pass
elif 86:
    pass
elif 87:
    pass
elif 88:
    pass
elif 89:
    pass
elif 90:
    pass
elif 91:
    pass
elif 92:
    pass
elif 93:
    pass
elif 94:
    pass
elif 95:
    pass
elif 96:
    pass
elif 97:
    pass
elif 98:
    pass
elif 99:
    pass
elif 100:
    pass
elif 101:
    pass
elif 102:
    pass
elif 103:
    pass
elif 104:
    pass
elif 105:
    pass
elif 106:
    pass
elif 107:
    pass
elif 108:
    pass
elif 109:
    pass
elif 110:
    pass
elif 111:
    pass
elif 112:
    pass
elif 113:
    pass
elif 114:
    pass
elif 115:
    pass
elif 116:
    pass
elif 117:
    pass
elif 118:
    pass
elif 119:
    pass
elif 120:
    pass
elif 121:
    pass
elif 122:
    pass
elif 123:
    pass
elif 124:
    pass
elif 125:
    pass
elif 126:
    pass
elif 127:
    pass
elif 128:
    pass
elif 129:
    pass
elif 130:
    pass
elif 131:
    pass
elif 132:
    pass
elif 133:
    pass
elif 134:
    pass
elif 135:
    pass
elif 136:
    pass
elif 137:
    pass
elif 138:
    pass
elif 139:
    pass
elif 140:
    pass
elif 141:
    pass
elif 142:
    pass
elif 143:
    pass
elif 144:
    pass
elif 145:
    pass
elif 146:
    pass
elif 147:
    pass
elif 148:
    pass
elif 149:
    pass
elif 150:
    pass
elif 151:
    pass
elif 152:
    pass
elif 153:
    pass
elif 154:
    pass
elif 155:
    pass
elif 156:
    pass
elif 157:
    pass
elif 158:
    pass
elif 159:
    pass
elif 160:
    pass
elif 161:
    pass
elif 162:
    pass
elif 163:
    pass
elif 164:
    pass
elif 165:
    pass
elif 166:
    pass
elif 167:
    pass
elif 168:
    pass
elif 169:
    pass
elif 170:
    pass
elif 171:
    pass
elif 172:
    pass
elif 173:
    pass
elif 174:
    pass
elif 175:
    pass
elif 176:
    pass
elif 177:
    pass
elif 178:
    pass
elif 179:
    pass
elif 180:
    pass
elif 181:
    pass
elif 182:
    pass
elif 183:
    pass
elif 184:
    pass
elif 185:
    pass
elif 186:
    pass
elif 187:
    pass
elif 188:
    pass
elif 189:
    pass
elif 190:
    pass
elif 191:
    pass
elif 192:
    pass
elif 193:
    pass
elif 194:
    pass
elif 195:
    pass
elif 196:
    pass
elif 197:
    pass
elif 198:
    pass
elif 199:
    pass
elif 200:
    pass
elif 201:
    pass
elif 202:
    pass
elif 203:
    pass
elif 204:
    pass
elif 205:
    pass
elif 206:
    pass
elif 207:
    pass
elif 208:
    pass
elif 209:
    pass
elif 210:
    pass
elif 211:
    pass
elif 212:
    pass
elif 213:
    pass
elif 214:
    pass
elif 215:
    pass
elif 216:
    pass
elif 217:
    pass
elif 218:
    pass
elif 219:
    pass
elif 220:
    pass
elif 221:
    pass
elif 222:
    pass
elif 223:
    pass
elif 224:
    pass
elif 225:
    pass
elif 226:
    pass
elif 227:
    pass
elif 228:
    pass
elif 229:
    pass
elif 230:
    pass
elif 231:
    pass
elif 232:
    pass
elif 233:
    pass
elif 234:
    pass
elif 235:
    pass
elif 236:
    pass
elif 237:
    pass
elif 238:
    pass
elif 239:
    pass
elif 240:
    pass
elif 241:
    pass
elif 242:
    pass
elif 243:
    pass
elif 244:
    pass
elif 245:
    pass
elif 246:
    pass
elif 247:
    pass
elif 248:
    pass
elif 249:
    pass
elif 250:
    pass
elif 251:
    pass
elif 252:
    pass
elif 253:
    pass
elif 254:
    pass
elif 255:
    pass
elif 256:
    pass
elif 257:
    pass
elif 258:
    pass
elif 259:
    pass
elif 260:
    pass
elif 261:
    pass
elif 262:
    pass
elif 263:
    pass
elif 264:
    pass
elif 265:
    pass
elif 266:
    pass
elif 267:
    pass
elif 268:
    pass
elif 269:
    pass
elif 270:
    pass
elif 271:
    pass
elif 272:
    pass
elif 273:
    pass
elif 274:
    pass
elif 275:
    pass
elif 276:
    pass
elif 277:
    pass
elif 278:
    pass
elif 279:
    pass
elif 280:
    pass
elif 281:
    pass
elif 282:
    pass
elif 283:
    pass
elif 284:
    pass
elif 285:
    pass
elif 286:
    pass
elif 287:
    pass
elif 288:
    pass
elif 289:
    pass
elif 290:
    pass
elif 291:
    pass
elif 292:
    pass
elif 293:
    pass
elif 294:
    pass
elif 295:
    pass
elif 296:
    pass
elif 297:
    pass
elif 298:
    pass
elif 299:
    pass
elif 300:
    pass
elif 301:
    pass
elif 302:
    pass
elif 303:
    pass
elif 304:
    pass
elif 305:
    pass
elif 306:
    pass
elif 307:
    pass
elif 308:
    pass
elif 309:
    pass
elif 310:
    pass
elif 311:
    pass
elif 312:
    pass
elif 313:
    pass
elif 314:
    pass
elif 315:
    pass
elif 316:
    pass
elif 317:
    pass
elif 318:
    pass
elif 319:
    pass
elif 320:
    pass
elif 321:
    pass
elif 322:
    pass
elif 323:
    pass
elif 324:
    pass
elif 325:
    pass
elif 326:
    pass
elif 327:
    pass
elif 328:
    pass
elif 329:
    pass
elif 330:
    pass
elif 331:
    pass
elif 332:
    pass
elif 333:
    pass
elif 334:
    pass
elif 335:
    pass
elif 336:
    pass
elif 337:
    pass
elif 338:
    pass
elif 339:
    pass
elif 340:
    pass
elif 341:
    pass
elif 342:
    pass
elif 343:
    pass
elif 344:
    pass
elif 345:
    pass
elif 346:
    pass
elif 347:
    pass
elif 348:
    pass
elif 349:
    pass
elif 350:
    pass
elif 351:
    pass
elif 352:
    pass
elif 353:
    pass
elif 354:
    pass
elif 355:
    pass
elif 356:
    pass
elif 357:
    pass
elif 358:
    pass
elif 359:
    pass
elif 360:
    pass
elif 361:
    pass
elif 362:
    pass
elif 363:
    pass
elif 364:
    pass
elif 365:
    pass
elif 366:
    pass
elif 367:
    pass
elif 368:
    pass
elif 369:
    pass
elif 370:
    pass
elif 371:
    pass
elif 372:
    pass
elif 373:
    pass
elif 374:
    pass
elif 375:
    pass
elif 376:
    pass
elif 377:
    pass
elif 378:
    pass
elif 379:
    pass
elif 380:
    pass
elif 381:
    pass
elif 382:
    pass
elif 383:
    pass
elif 384:
    pass
elif 385:
    pass
elif 386:
    pass
elif 387:
    pass
elif 388:
    pass
elif 389:
    pass
elif 390:
    pass
elif 391:
    pass
elif 392:
    pass
elif 393:
    pass
elif 394:
    pass
elif 395:
    pass
elif 396:
    pass
elif 397:
    pass
elif 398:
    pass
elif 399:
    pass
elif 400:
    pass
elif 401:
    pass
elif 402:
    pass
elif 403:
    pass
elif 404:
    pass
elif 405:
    pass
elif 406:
    pass
elif 407:
    pass
elif 408:
    pass
elif 409:
    pass
elif 410:
    pass
elif 411:
    pass
elif 412:
    pass
elif 413:
    pass
elif 414:
    pass
elif 415:
    pass
elif 416:
    pass
elif 417:
    pass
elif 418:
    pass
elif 419:
    pass
elif 420:
    pass
elif 421:
    pass
elif 422:
    pass
elif 423:
    pass
elif 424:
    pass
elif 425:
    pass
elif 426:
    pass
elif 427:
    pass
elif 428:
    pass
elif 429:
    pass
elif 430:
    pass
elif 431:
    pass
elif 432:
    pass
elif 433:
    pass
elif 434:
    pass
elif 435:
    pass
elif 436:
    pass
elif 437:
    pass
elif 438:
    pass
elif 439:
    pass
elif 440:
    pass
elif 441:
    pass
elif 442:
    pass
elif 443:
    pass
elif 444:
    pass
elif 445:
    pass
elif 446:
    pass
elif 447:
    pass
elif 448:
    pass
elif 449:
    pass
elif 450:
    pass
elif 451:
    pass
elif 452:
    pass
elif 453:
    pass
elif 454:
    pass
elif 455:
    pass
elif 456:
    pass
elif 457:
    pass
elif 458:
    pass
elif 459:
    pass
elif 460:
    pass
elif 461:
    pass
elif 462:
    pass
elif 463:
    pass
elif 464:
    pass
elif 465:
    pass
elif 466:
    pass
elif 467:
    pass
elif 468:
    pass
elif 469:
    pass
elif 470:
    pass
elif 471:
    pass
elif 472:
    pass
elif 473:
    pass
elif 474:
    pass
elif 475:
    pass
elif 476:
    pass
elif 477:
    pass
elif 478:
    pass
elif 479:
    pass
elif 480:
    pass
elif 481:
    pass
elif 482:
    pass
elif 483:
    pass
elif 484:
    pass
elif 485:
    pass
elif 486:
    pass
elif 487:
    pass
elif 488:
    pass
elif 489:
    pass
elif 490:
    pass
elif 491:
    pass
elif 492:
    pass
elif 493:
    pass
elif 494:
    pass
elif 495:
    pass
elif 496:
    pass
elif 497:
    pass
elif 498:
    pass
elif 499:
    pass
elif 500:
    pass
elif 501:
    pass
elif 502:
    pass
elif 503:
    pass
elif 504:
    pass
elif 505:
    pass
elif 506:
    pass
elif 507:
    pass
elif 508:
    pass
elif 509:
    pass
elif 510:
    pass
elif 511:
    pass
elif 512:
    pass
elif 513:
    pass
elif 514:
    pass
elif 515:
    pass
elif 516:
    pass
elif 517:
    pass
elif 518:
    pass
elif 519:
    pass
elif 520:
    pass
elif 521:
    pass
elif 522:
    pass
elif 523:
    pass
elif 524:
    pass
elif 525:
    pass
elif 526:
    pass
elif 527:
    pass
elif 528:
    pass
elif 529:
    pass
elif 530:
    pass
elif 531:
    pass
elif 532:
    pass
elif 533:
    pass
elif 534:
    pass
elif 535:
    pass
elif 536:
    pass
elif 537:
    pass
elif 538:
    pass
elif 539:
    pass
elif 540:
    pass
elif 541:
    pass
elif 542:
    pass
elif 543:
    pass
elif 544:
    pass
elif 545:
    pass
elif 546:
    pass
elif 547:
    pass
elif 548:
    pass
elif 549:
    pass
elif 550:
    pass
elif 551:
    pass
elif 552:
    pass
elif 553:
    pass
elif 554:
    pass
elif 555:
    pass
elif 556:
    pass
elif 557:
    pass
elif 558:
    pass
elif 559:
    pass
elif 560:
    pass
elif 561:
    pass
elif 562:
    pass
elif 563:
    pass
elif 564:
    pass
elif 565:
    pass
elif 566:
    pass
elif 567:
    pass
elif 568:
    pass
elif 569:
    pass
elif 570:
    pass
elif 571:
    pass
elif 572:
    pass
elif 573:
    pass
elif 574:
    pass
elif 575:
    pass
elif 576:
    pass
elif 577:
    pass
elif 578:
    pass
elif 579:
    pass
elif 580:
    pass
elif 581:
    pass
elif 582:
    pass
elif 583:
    pass
elif 584:
    pass
elif 585:
    pass
elif 586:
    pass
elif 587:
    pass
elif 588:
    pass
elif 589:
    pass
elif 590:
    pass
elif 591:
    pass
elif 592:
    pass
elif 593:
    pass
elif 594:
    pass
elif 595:
    pass
elif 596:
    pass
elif 597:
    pass
elif 598:
    pass
elif 599:
    pass
elif 600:
    pass
elif 601:
    pass
elif 602:
    pass
elif 603:
    pass
elif 604:
    pass
elif 605:
    pass
elif 606:
    pass
elif 607:
    pass
elif 608:
    pass
elif 609:
    pass
elif 610:
    pass
elif 611:
    pass
elif 612:
    pass
elif 613:
    pass
elif 614:
    pass
elif 615:
    pass
elif 616:
    pass
elif 617:
    pass
elif 618:
    pass
elif 619:
    pass
elif 620:
    pass
elif 621:
    pass
elif 622:
    pass
elif 623:
    pass
elif 624:
    pass
elif 625:
    pass
elif 626:
    pass
elif 627:
    pass
elif 628:
    pass
elif 629:
    pass
elif 630:
    pass
elif 631:
    pass
elif 632:
    pass
elif 633:
    pass
elif 634:
    pass
elif 635:
    pass
elif 636:
    pass
elif 637:
    pass
elif 638:
    pass
elif 639:
    pass
elif 640:
    pass
elif 641:
    pass
elif 642:
    pass
elif 643:
    pass
elif 644:
    pass
elif 645:
    pass
elif 646:
    pass
elif 647:
    pass
elif 648:
    pass
elif 649:
    pass
elif 650:
    pass
elif 651:
    pass
elif 652:
    pass
elif 653:
    pass
elif 654:
    pass
elif 655:
    pass
elif 656:
    pass
elif 657:
    pass
elif 658:
    pass
elif 659:
    pass
elif 660:
    pass
elif 661:
    pass
elif 662:
    pass
elif 663:
    pass
elif 664:
    pass
elif 665:
    pass
elif 666:
    pass
elif 667:
    pass
elif 668:
    pass
elif 669:
    pass
elif 670:
    pass
elif 671:
    pass
elif 672:
    pass
elif 673:
    pass
elif 674:
    pass
elif 675:
    pass
elif 676:
    pass
elif 677:
    pass
elif 678:
    pass
elif 679:
    pass
elif 680:
    pass
elif 681:
    pass
elif 682:
    pass
elif 683:
    pass
elif 684:
    pass
elif 685:
    pass
elif 686:
    pass
elif 687:
    pass
elif 688:
    pass
elif 689:
    pass
elif 690:
    pass
elif 691:
    pass
elif 692:
    pass
elif 693:
    pass
elif 694:
    pass
elif 695:
    pass
elif 696:
    pass
elif 697:
    pass
elif 698:
    pass
elif 699:
    pass
elif 700:
    pass
elif 701:
    pass
elif 702:
    pass
elif 703:
    pass
elif 704:
    pass
elif 705:
    pass
elif 706:
    pass
elif 707:
    pass
elif 708:
    pass
elif 709:
    pass
elif 710:
    pass
elif 711:
    pass
elif 712:
    pass
elif 713:
    pass
elif 714:
    pass
elif 715:
    pass
elif 716:
    pass
elif 717:
    pass
elif 718:
    pass
elif 719:
    pass
elif 720:
    pass
elif 721:
    pass
elif 722:
    pass
elif 723:
    pass
elif 724:
    pass
elif 725:
    pass
elif 726:
    pass
elif 727:
    pass
elif 728:
    pass
elif 729:
    pass
elif 730:
    pass
elif 731:
    pass
elif 732:
    pass
elif 733:
    pass
elif 734:
    pass
elif 735:
    pass
elif 736:
    pass
elif 737:
    pass
elif 738:
    pass
elif 739:
    pass
elif 740:
    pass
elif 741:
    pass
elif 742:
    pass
elif 743:
    pass
elif 744:
    pass
elif 745:
    pass
elif 746:
    pass
elif 747:
    pass
elif 748:
    pass
elif 749:
    pass
elif 750:
    pass
elif 751:
    pass
elif 752:
    pass
elif 753:
    pass
elif 754:
    pass
elif 755:
    pass
elif 756:
    pass
elif 757:
    pass
elif 758:
    pass
elif 759:
    pass
elif 760:
    pass
elif 761:
    pass
elif 762:
    pass
elif 763:
    pass
elif 764:
    pass
elif 765:
    pass
elif 766:
    pass
elif 767:
    pass
elif 768:
    pass
elif 769:
    pass
elif 770:
    pass
elif 771:
    pass
elif 772:
    pass
elif 773:
    pass
elif 774:
    pass
elif 775:
    pass
elif 776:
    pass
elif 777:
    pass
elif 778:
    pass
elif 779:
    pass
elif 780:
    pass
elif 781:
    pass
elif 782:
    pass
elif 783:
    pass
elif 784:
    pass
elif 785:
    pass
elif 786:
    pass
elif 787:
    pass
elif 788:
    pass
elif 789:
    pass
elif 790:
    pass
elif 791:
    pass
elif 792:
    pass
elif 793:
    pass
elif 794:
    pass
elif 795:
    pass
elif 796:
    pass
elif 797:
    pass
elif 798:
    pass
elif 799:
    pass
elif 800:
    pass
elif 801:
    pass
elif 802:
    pass
elif 803:
    pass
elif 804:
    pass
elif 805:
    pass
elif 806:
    pass
elif 807:
    pass
elif 808:
    pass
elif 809:
    pass
elif 810:
    pass
elif 811:
    pass
elif 812:
    pass
elif 813:
    pass
elif 814:
    pass
elif 815:
    pass
elif 816:
    pass
elif 817:
    pass
elif 818:
    pass
elif 819:
    pass
elif 820:
    pass
elif 821:
    pass
elif 822:
    pass
elif 823:
    pass
elif 824:
    pass
elif 825:
    pass
elif 826:
    pass
elif 827:
    pass
elif 828:
    pass
elif 829:
    pass
elif 830:
    pass
elif 831:
    pass
elif 832:
    pass
elif 833:
    pass
elif 834:
    pass
elif 835:
    pass
elif 836:
    pass
elif 837:
    pass
elif 838:
    pass
elif 839:
    pass
elif 840:
    pass
elif 841:
    pass
elif 842:
    pass
elif 843:
    pass
elif 844:
    pass
elif 845:
    pass
elif 846:
    pass
elif 847:
    pass
elif 848:
    pass
elif 849:
    pass
elif 850:
    pass
elif 851:
    pass
elif 852:
    pass
elif 853:
    pass
elif 854:
    pass
elif 855:
    pass
elif 856:
    pass
elif 857:
    pass
elif 858:
    pass
elif 859:
    pass
elif 860:
    pass
elif 861:
    pass
elif 862:
    pass
elif 863:
    pass
elif 864:
    pass
elif 865:
    pass
elif 866:
    pass
elif 867:
    pass
elif 868:
    pass
elif 869:
    pass
elif 870:
    pass
elif 871:
    pass
elif 872:
    pass
elif 873:
    pass
elif 874:
    pass
elif 875:
    pass
elif 876:
    pass
elif 877:
    pass
elif 878:
    pass
elif 879:
    pass
elif 880:
    pass
elif 881:
    pass
elif 882:
    pass
elif 883:
    pass
elif 884:
    pass
elif 885:
    pass
elif 886:
    pass
elif 887:
    pass
elif 888:
    pass
elif 889:
    pass
elif 890:
    pass
elif 891:
    pass
elif 892:
    pass
elif 893:
    pass
elif 894:
    pass
elif 895:
    pass
elif 896:
    pass
elif 897:
    pass
elif 898:
    pass
elif 899:
    pass
elif 900:
    pass
elif 901:
    pass
elif 902:
    pass
elif 903:
    pass
elif 904:
    pass
elif 905:
    pass
elif 906:
    pass
elif 907:
    pass
elif 908:
    pass
elif 909:
    pass
elif 910:
    pass
elif 911:
    pass
elif 912:
    pass
elif 913:
    pass
elif 914:
    pass
elif 915:
    pass
elif 916:
    pass
elif 917:
    pass
elif 918:
    pass
elif 919:
    pass
elif 920:
    pass
elif 921:
    pass
elif 922:
    pass
elif 923:
    pass
elif 924:
    pass
elif 925:
    pass
elif 926:
    pass
elif 927:
    pass
elif 928:
    pass
elif 929:
    pass
elif 930:
    pass
elif 931:
    pass
elif 932:
    pass
elif 933:
    pass
elif 934:
    pass
elif 935:
    pass
elif 936:
    pass
elif 937:
    pass
elif 938:
    pass
elif 939:
    pass
elif 940:
    pass
elif 941:
    pass
elif 942:
    pass
elif 943:
    pass
elif 944:
    pass
elif 945:
    pass
elif 946:
    pass
elif 947:
    pass
elif 948:
    pass
elif 949:
    pass
elif 950:
    pass
elif 951:
    pass
elif 952:
    pass
elif 953:
    pass
elif 954:
    pass
elif 955:
    pass
elif 956:
    pass
elif 957:
    pass
elif 958:
    pass
elif 959:
    pass
elif 960:
    pass
elif 961:
    pass
elif 962:
    pass
elif 963:
    pass
elif 964:
    pass
elif 965:
    pass
elif 966:
    pass
elif 967:
    pass
elif 968:
    pass
elif 969:
    pass
elif 970:
    pass
elif 971:
    pass
elif 972:
    pass
elif 973:
    pass
elif 974:
    pass
elif 975:
    pass
elif 976:
    pass
elif 977:
    pass
elif 978:
    pass
elif 979:
    pass
elif 980:
    pass
elif 981:
    pass
elif 982:
    pass
elif 983:
    pass
elif 984:
    pass
elif 985:
    pass
elif 986:
    pass
elif 987:
    pass
elif 988:
    pass
elif 989:
    pass
elif 990:
    pass
elif 991:
    pass
elif 992:
    pass
elif 993:
    pass
elif 994:
    pass
elif 995:
    pass
elif 996:
    pass
elif 997:
    pass
elif 998:
    pass
elif 999:
    pass
elif 1000:
    pass
elif 1001:
    pass
elif 1002:
    pass
elif 1003:
    pass
elif 1004:
    pass
elif 1005:
    pass
elif 1006:
    pass
elif 1007:
    pass
elif 1008:
    pass
elif 1009:
    pass
elif 1010:
    pass
elif 1011:
    pass
elif 1012:
    pass
elif 1013:
    pass
elif 1014:
    pass
elif 1015:
    pass
elif 1016:
    pass
elif 1017:
    pass
elif 1018:
    pass
elif 1019:
    pass
elif 1020:
    pass
elif 1021:
    pass
elif 1022:
    pass
elif 1023:
    pass
elif 1024:
    pass
elif 1025:
    pass
elif 1026:
    pass
elif 1027:
    pass
elif 1028:
    pass
elif 1029:
    pass
elif 1030:
    pass
elif 1031:
    pass
elif 1032:
    pass
elif 1033:
    pass
elif 1034:
    pass
elif 1035:
    pass
elif 1036:
    pass
elif 1037:
    pass
elif 1038:
    pass
elif 1039:
    pass
elif 1040:
    pass
elif 1041:
    pass
elif 1042:
    pass
elif 1043:
    pass
elif 1044:
    pass
elif 1045:
    pass
elif 1046:
    pass
elif 1047:
    pass
elif 1048:
    pass
elif 1049:
    pass
elif 1050:
    pass
elif 1051:
    pass
elif 1052:
    pass
elif 1053:
    pass
elif 1054:
    pass
elif 1055:
    pass
elif 1056:
    pass
elif 1057:
    pass
elif 1058:
    pass
elif 1059:
    pass
elif 1060:
    pass
elif 1061:
    pass
elif 1062:
    pass
elif 1063:
    pass
elif 1064:
    pass
elif 1065:
    pass
elif 1066:
    pass
elif 1067:
    pass
elif 1068:
    pass
elif 1069:
    pass
elif 1070:
    pass
elif 1071:
    pass
elif 1072:
    pass
elif 1073:
    pass
elif 1074:
    pass
elif 1075:
    pass
elif 1076:
    pass
elif 1077:
    pass
elif 1078:
    pass
elif 1079:
    pass
elif 1080:
    pass
elif 1081:
    pass
elif 1082:
    pass
elif 1083:
    pass
elif 1084:
    pass
elif 1085:
    pass
elif 1086:
    pass
elif 1087:
    pass
elif 1088:
    pass
elif 1089:
    pass
elif 1090:
    pass
elif 1091:
    pass
elif 1092:
    pass
elif 1093:
    pass
elif 1094:
    pass
elif 1095:
    pass
elif 1096:
    pass
elif 1097:
    pass
elif 1098:
    pass
elif 1099:
    pass
elif 1100:
    pass
elif 1101:
    pass
elif 1102:
    pass
elif 1103:
    pass
elif 1104:
    pass
elif 1105:
    pass
elif 1106:
    pass
elif 1107:
    pass
elif 1108:
    pass
elif 1109:
    pass
elif 1110:
    pass
elif 1111:
    pass
elif 1112:
    pass
elif 1113:
    pass
elif 1114:
    pass
elif 1115:
    pass
elif 1116:
    pass
elif 1117:
    pass
elif 1118:
    pass
elif 1119:
    pass
elif 1120:
    pass
elif 1121:
    pass
elif 1122:
    pass
elif 1123:
    pass
elif 1124:
    pass
elif 1125:
    pass
elif 1126:
    pass
elif 1127:
    pass
elif 1128:
    pass
elif 1129:
    pass
elif 1130:
    pass
elif 1131:
    pass
elif 1132:
    pass
elif 1133:
    pass
elif 1134:
    pass
elif 1135:
    pass
elif 1136:
    pass
elif 1137:
    pass
elif 1138:
    pass
elif 1139:
    pass
elif 1140:
    pass
elif 1141:
    pass
elif 1142:
    pass
elif 1143:
    pass
elif 1144:
    pass
elif 1145:
    pass
elif 1146:
    pass
elif 1147:
    pass
elif 1148:
    pass
elif 1149:
    pass
elif 1150:
    pass
elif 1151:
    pass
elif 1152:
    pass
elif 1153:
    pass
elif 1154:
    pass
elif 1155:
    pass
elif 1156:
    pass
elif 1157:
    pass
elif 1158:
    pass
elif 1159:
    pass
elif 1160:
    pass
elif 1161:
    pass
elif 1162:
    pass
elif 1163:
    pass
elif 1164:
    pass
elif 1165:
    pass
elif 1166:
    pass
elif 1167:
    pass
elif 1168:
    pass
elif 1169:
    pass
elif 1170:
    pass
elif 1171:
    pass
elif 1172:
    pass
elif 1173:
    pass
elif 1174:
    pass
elif 1175:
    pass
elif 1176:
    pass
elif 1177:
    pass
elif 1178:
    pass
elif 1179:
    pass
elif 1180:
    pass
elif 1181:
    pass
elif 1182:
    pass
elif 1183:
    pass
elif 1184:
    pass
elif 1185:
    pass
elif 1186:
    pass
elif 1187:
    pass
elif 1188:
    pass
elif 1189:
    pass
elif 1190:
    pass
elif 1191:
    pass
elif 1192:
    pass
elif 1193:
    pass
elif 1194:
    pass
elif 1195:
    pass
elif 1196:
    pass
elif 1197:
    pass
elif 1198:
    pass
elif 1199:
    pass
elif 1200:
    pass
elif 1201:
    pass
elif 1202:
    pass
elif 1203:
    pass
elif 1204:
    pass
elif 1205:
    pass
elif 1206:
    pass
elif 1207:
    pass
elif 1208:
    pass
elif 1209:
    pass
elif 1210:
    pass
elif 1211:
    pass
elif 1212:
    pass
elif 1213:
    pass
elif 1214:
    pass
elif 1215:
    pass
elif 1216:
    pass
elif 1217:
    pass
elif 1218:
    pass
elif 1219:
    pass
elif 1220:
    pass
elif 1221:
    pass
elif 1222:
    pass
elif 1223:
    pass
elif 1224:
    pass
elif 1225:
    pass
elif 1226:
    pass
elif 1227:
    pass
elif 1228:
    pass
elif 1229:
    pass
elif 1230:
    pass
elif 1231:
    pass
elif 1232:
    pass
elif 1233:
    pass
elif 1234:
    pass
elif 1235:
    pass
elif 1236:
    pass
elif 1237:
    pass
elif 1238:
    pass
elif 1239:
    pass
elif 1240:
    pass
elif 1241:
    pass
elif 1242:
    pass
elif 1243:
    pass
elif 1244:
    pass
elif 1245:
    pass
elif 1246:
    pass
elif 1247:
    pass
elif 1248:
    pass
elif 1249:
    pass
elif 1250:
    pass
elif 1251:
    pass
elif 1252:
    pass
elif 1253:
    pass
elif 1254:
    pass
elif 1255:
    pass
elif 1256:
    pass
elif 1257:
    pass
elif 1258:
    pass
elif 1259:
    pass
elif 1260:
    pass
elif 1261:
    pass
elif 1262:
    pass
elif 1263:
    pass
elif 1264:
    pass
elif 1265:
    pass
elif 1266:
    pass
elif 1267:
    pass
elif 1268:
    pass
elif 1269:
    pass
elif 1270:
    pass
elif 1271:
    pass
elif 1272:
    pass
elif 1273:
    pass
elif 1274:
    pass
elif 1275:
    pass
elif 1276:
    pass
elif 1277:
    pass
elif 1278:
    pass
elif 1279:
    pass
elif 1280:
    pass
elif 1281:
    pass
elif 1282:
    pass
elif 1283:
    pass
elif 1284:
    pass
elif 1285:
    pass
elif 1286:
    pass
elif 1287:
    pass
elif 1288:
    pass
elif 1289:
    pass
elif 1290:
    pass
elif 1291:
    pass
elif 1292:
    pass
elif 1293:
    pass
elif 1294:
    pass
elif 1295:
    pass
elif 1296:
    pass
elif 1297:
    pass
elif 1298:
    pass
elif 1299:
    pass
elif 1300:
    pass
elif 1301:
    pass
elif 1302:
    pass
elif 1303:
    pass
elif 1304:
    pass
elif 1305:
    pass
elif 1306:
    pass
elif 1307:
    pass
elif 1308:
    pass
elif 1309:
    pass
elif 1310:
    pass
elif 1311:
    pass
elif 1312:
    pass
elif 1313:
    pass
elif 1314:
    pass
elif 1315:
    pass
elif 1316:
    pass
elif 1317:
    pass
elif 1318:
    pass
elif 1319:
    pass
elif 1320:
    pass
elif 1321:
    pass
elif 1322:
    pass
elif 1323:
    pass
elif 1324:
    pass
elif 1325:
    pass
elif 1326:
    pass
elif 1327:
    pass
elif 1328:
    pass
elif 1329:
    pass
elif 1330:
    pass
elif 1331:
    pass
elif 1332:
    pass
elif 1333:
    pass
elif 1334:
    pass
elif 1335:
    pass
elif 1336:
    pass
elif 1337:
    pass
elif 1338:
    pass
elif 1339:
    pass
elif 1340:
    pass
elif 1341:
    pass
elif 1342:
    pass
elif 1343:
    pass
elif 1344:
    pass
elif 1345:
    pass
elif 1346:
    pass
elif 1347:
    pass
elif 1348:
    pass
elif 1349:
    pass
elif 1350:
    pass
elif 1351:
    pass
elif 1352:
    pass
elif 1353:
    pass
elif 1354:
    pass
elif 1355:
    pass
elif 1356:
    pass
elif 1357:
    pass
elif 1358:
    pass
elif 1359:
    pass
elif 1360:
    pass
elif 1361:
    pass
elif 1362:
    pass
elif 1363:
    pass
elif 1364:
    pass
elif 1365:
    pass
elif 1366:
    pass
elif 1367:
    pass
elif 1368:
    pass
elif 1369:
    pass
elif 1370:
    pass
elif 1371:
    pass
elif 1372:
    pass
elif 1373:
    pass
elif 1374:
    pass
elif 1375:
    pass
elif 1376:
    pass
elif 1377:
    pass
elif 1378:
    pass
elif 1379:
    pass
elif 1380:
    pass
elif 1381:
    pass
elif 1382:
    pass
elif 1383:
    pass
elif 1384:
    pass
elif 1385:
    pass
elif 1386:
    pass
elif 1387:
    pass
elif 1388:
    pass
elif 1389:
    pass
elif 1390:
    pass
elif 1391:
    pass
elif 1392:
    pass
elif 1393:
    pass
elif 1394:
    pass
elif 1395:
    pass
elif 1396:
    pass
elif 1397:
    pass
elif 1398:
    pass
elif 1399:
    pass
elif 1400:
    pass
elif 1401:
    pass
elif 1402:
    pass
elif 1403:
    pass
elif 1404:
    pass
elif 1405:
    pass
elif 1406:
    pass
elif 1407:
    pass
elif 1408:
    pass
elif 1409:
    pass
elif 1410:
    pass
elif 1411:
    pass
elif 1412:
    pass
elif 1413:
    pass
elif 1414:
    pass
elif 1415:
    pass
elif 1416:
    pass
elif 1417:
    pass
elif 1418:
    pass
elif 1419:
    pass
elif 1420:
    pass
elif 1421:
    pass
elif 1422:
    pass
elif 1423:
    pass
elif 1424:
    pass
elif 1425:
    pass
elif 1426:
    pass
elif 1427:
    pass
elif 1428:
    pass
elif 1429:
    pass
elif 1430:
    pass
elif 1431:
    pass
elif 1432:
    pass
elif 1433:
    pass
elif 1434:
    pass
elif 1435:
    pass
elif 1436:
    pass
elif 1437:
    pass
elif 1438:
    pass
elif 1439:
    pass
elif 1440:
    pass
elif 1441:
    pass
elif 1442:
    pass
elif 1443:
    pass
elif 1444:
    pass
elif 1445:
    pass
elif 1446:
    pass
elif 1447:
    pass
elif 1448:
    pass
elif 1449:
    pass
elif 1450:
    pass
elif 1451:
    pass
elif 1452:
    pass
elif 1453:
    pass
elif 1454:
    pass
elif 1455:
    pass
elif 1456:
    pass
elif 1457:
    pass
elif 1458:
    pass
elif 1459:
    pass
elif 1460:
    pass
elif 1461:
    pass
elif 1462:
    pass
elif 1463:
    pass
elif 1464:
    pass
elif 1465:
    pass
elif 1466:
    pass
elif 1467:
    pass
elif 1468:
    pass
elif 1469:
    pass
elif 1470:
    pass
elif 1471:
    pass
elif 1472:
    pass
elif 1473:
    pass
elif 1474:
    pass
elif 1475:
    pass
elif 1476:
    pass
elif 1477:
    pass
elif 1478:
    pass
elif 1479:
    pass
elif 1480:
    pass
elif 1481:
    pass
elif 1482:
    pass
elif 1483:
    pass
elif 1484:
    pass
elif 1485:
    pass
elif 1486:
    pass
elif 1487:
    pass
elif 1488:
    pass
elif 1489:
    pass
elif 1490:
    pass
elif 1491:
    pass
elif 1492:
    pass
elif 1493:
    pass
elif 1494:
    pass
elif 1495:
    pass
elif 1496:
    pass
elif 1497:
    pass
elif 1498:
    pass
elif 1499:
    pass
elif 1500:
    pass
elif 1501:
    pass
elif 1502:
    pass
elif 1503:
    pass
elif 1504:
    pass
elif 1505:
    pass
elif 1506:
    pass
elif 1507:
    pass
elif 1508:
    pass
elif 1509:
    pass
elif 1510:
    pass
elif 1511:
    pass
elif 1512:
    pass
elif 1513:
    pass
elif 1514:
    pass
elif 1515:
    pass
elif 1516:
    pass
elif 1517:
    pass
elif 1518:
    pass
elif 1519:
    pass
elif 1520:
    pass
elif 1521:
    pass
elif 1522:
    pass
elif 1523:
    pass
elif 1524:
    pass
elif 1525:
    pass
elif 1526:
    pass
elif 1527:
    pass
elif 1528:
    pass
elif 1529:
    pass
elif 1530:
    pass
elif 1531:
    pass
elif 1532:
    pass
elif 1533:
    pass
elif 1534:
    pass
elif 1535:
    pass
elif 1536:
    pass
elif 1537:
    pass
elif 1538:
    pass
elif 1539:
    pass
elif 1540:
    pass
elif 1541:
    pass
elif 1542:
    pass
elif 1543:
    pass
elif 1544:
    pass
elif 1545:
    pass
elif 1546:
    pass
elif 1547:
    pass
elif 1548:
    pass
elif 1549:
    pass
elif 1550:
    pass
elif 1551:
    pass
elif 1552:
    pass
elif 1553:
    pass
elif 1554:
    pass
elif 1555:
    pass
elif 1556:
    pass
elif 1557:
    pass
elif 1558:
    pass
elif 1559:
    pass
elif 1560:
    pass
elif 1561:
    pass
elif 1562:
    pass
elif 1563:
    pass
elif 1564:
    pass
elif 1565:
    pass
elif 1566:
    pass
elif 1567:
    pass
elif 1568:
    pass
elif 1569:
    pass
elif 1570:
    pass
elif 1571:
    pass
elif 1572:
    pass
elif 1573:
    pass
elif 1574:
    pass
elif 1575:
    pass
elif 1576:
    pass
elif 1577:
    pass
elif 1578:
    pass
elif 1579:
    pass
elif 1580:
    pass
elif 1581:
    pass
elif 1582:
    pass
elif 1583:
    pass
elif 1584:
    pass
elif 1585:
    pass
elif 1586:
    pass
elif 1587:
    pass
elif 1588:
    pass
elif 1589:
    pass
elif 1590:
    pass
elif 1591:
    pass
elif 1592:
    pass
elif 1593:
    pass
elif 1594:
    pass
elif 1595:
    pass
elif 1596:
    pass
elif 1597:
    pass
elif 1598:
    pass
elif 1599:
    pass
elif 1600:
    pass
elif 1601:
    pass
elif 1602:
    pass
elif 1603:
    pass
elif 1604:
    pass
elif 1605:
    pass
elif 1606:
    pass
elif 1607:
    pass
elif 1608:
    pass
elif 1609:
    pass
elif 1610:
    pass
elif 1611:
    pass
elif 1612:
    pass
elif 1613:
    pass
elif 1614:
    pass
elif 1615:
    pass
elif 1616:
    pass
elif 1617:
    pass
elif 1618:
    pass
elif 1619:
    pass
elif 1620:
    pass
elif 1621:
    pass
elif 1622:
    pass
elif 1623:
    pass
elif 1624:
    pass
elif 1625:
    pass
elif 1626:
    pass
elif 1627:
    pass
elif 1628:
    pass
elif 1629:
    pass
elif 1630:
    pass
elif 1631:
    pass
elif 1632:
    pass
elif 1633:
    pass
elif 1634:
    pass
elif 1635:
    pass
elif 1636:
    pass
elif 1637:
    pass
elif 1638:
    pass
elif 1639:
    pass
elif 1640:
    pass
elif 1641:
    pass
elif 1642:
    pass
elif 1643:
    pass
elif 1644:
    pass
elif 1645:
    pass
elif 1646:
    pass
elif 1647:
    pass
elif 1648:
    pass
elif 1649:
    pass
elif 1650:
    pass
elif 1651:
    pass
elif 1652:
    pass
elif 1653:
    pass
elif 1654:
    pass
elif 1655:
    pass
elif 1656:
    pass
elif 1657:
    pass
elif 1658:
    pass
elif 1659:
    pass
elif 1660:
    pass
elif 1661:
    pass
elif 1662:
    pass
elif 1663:
    pass
elif 1664:
    pass
elif 1665:
    pass
elif 1666:
    pass
elif 1667:
    pass
elif 1668:
    pass
elif 1669:
    pass
elif 1670:
    pass
elif 1671:
    pass
elif 1672:
    pass
elif 1673:
    pass
elif 1674:
    pass
elif 1675:
    pass
elif 1676:
    pass
elif 1677:
    pass
elif 1678:
    pass
elif 1679:
    pass
elif 1680:
    pass
elif 1681:
    pass
elif 1682:
    pass
elif 1683:
    pass
elif 1684:
    pass
elif 1685:
    pass
elif 1686:
    pass
elif 1687:
    pass
elif 1688:
    pass
elif 1689:
    pass
elif 1690:
    pass
elif 1691:
    pass
elif 1692:
    pass
elif 1693:
    pass
elif 1694:
    pass
elif 1695:
    pass
elif 1696:
    pass
elif 1697:
    pass
elif 1698:
    pass
elif 1699:
    pass
elif 1700:
    pass
elif 1701:
    pass
elif 1702:
    pass
elif 1703:
    pass
elif 1704:
    pass
elif 1705:
    pass
elif 1706:
    pass
elif 1707:
    pass
elif 1708:
    pass
elif 1709:
    pass
elif 1710:
    pass
elif 1711:
    pass
elif 1712:
    pass
elif 1713:
    pass
elif 1714:
    pass
elif 1715:
    pass
elif 1716:
    pass
elif 1717:
    pass
elif 1718:
    pass
elif 1719:
    pass
elif 1720:
    pass
elif 1721:
    pass
elif 1722:
    pass
elif 1723:
    pass
elif 1724:
    pass
elif 1725:
    pass
elif 1726:
    pass
elif 1727:
    pass
elif 1728:
    pass
elif 1729:
    pass
elif 1730:
    pass
elif 1731:
    pass
elif 1732:
    pass
elif 1733:
    pass
elif 1734:
    pass
elif 1735:
    pass
elif 1736:
    pass
elif 1737:
    pass
elif 1738:
    pass
elif 1739:
    pass
elif 1740:
    pass
elif 1741:
    pass
elif 1742:
    pass
elif 1743:
    pass
elif 1744:
    pass
elif 1745:
    pass
elif 1746:
    pass
elif 1747:
    pass
elif 1748:
    pass
elif 1749:
    pass
elif 1750:
    pass
elif 1751:
    pass
elif 1752:
    pass
elif 1753:
    pass
elif 1754:
    pass
elif 1755:
    pass
elif 1756:
    pass
elif 1757:
    pass
elif 1758:
    pass
elif 1759:
    pass
elif 1760:
    pass
elif 1761:
    pass
elif 1762:
    pass
elif 1763:
    pass
elif 1764:
    pass
elif 1765:
    pass
elif 1766:
    pass
elif 1767:
    pass
elif 1768:
    pass
elif 1769:
    pass
elif 1770:
    pass
elif 1771:
    pass
elif 1772:
    pass
elif 1773:
    pass
elif 1774:
    pass
elif 1775:
    pass
elif 1776:
    pass
elif 1777:
    pass
elif 1778:
    pass
elif 1779:
    pass
elif 1780:
    pass
elif 1781:
    pass
elif 1782:
    pass
elif 1783:
    pass
elif 1784:
    pass
elif 1785:
    pass
elif 1786:
    pass
elif 1787:
    pass
elif 1788:
    pass
elif 1789:
    pass
elif 1790:
    pass
elif 1791:
    pass
elif 1792:
    pass
elif 1793:
    pass
elif 1794:
    pass
elif 1795:
    pass
elif 1796:
    pass
elif 1797:
    pass
elif 1798:
    pass
elif 1799:
    pass
elif 1800:
    pass
elif 1801:
    pass
elif 1802:
    pass
elif 1803:
    pass
elif 1804:
    pass
elif 1805:
    pass
elif 1806:
    pass
elif 1807:
    pass
elif 1808:
    pass
elif 1809:
    pass
elif 1810:
    pass
elif 1811:
    pass
elif 1812:
    pass
elif 1813:
    pass
elif 1814:
    pass
elif 1815:
    pass
elif 1816:
    pass
elif 1817:
    pass
elif 1818:
    pass
elif 1819:
    pass
elif 1820:
    pass
elif 1821:
    pass
elif 1822:
    pass
elif 1823:
    pass
elif 1824:
    pass
elif 1825:
    pass
elif 1826:
    pass
elif 1827:
    pass
elif 1828:
    pass
elif 1829:
    pass
elif 1830:
    pass
elif 1831:
    pass
elif 1832:
    pass
elif 1833:
    pass
elif 1834:
    pass
elif 1835:
    pass
elif 1836:
    pass
elif 1837:
    pass
elif 1838:
    pass
elif 1839:
    pass
elif 1840:
    pass
elif 1841:
    pass
elif 1842:
    pass
elif 1843:
    pass
elif 1844:
    pass
elif 1845:
    pass
elif 1846:
    pass
elif 1847:
    pass
elif 1848:
    pass
elif 1849:
    pass
elif 1850:
    pass
elif 1851:
    pass
elif 1852:
    pass
elif 1853:
    pass
elif 1854:
    pass
elif 1855:
    pass
elif 1856:
    pass
elif 1857:
    pass
elif 1858:
    pass
elif 1859:
    pass
elif 1860:
    pass
elif 1861:
    pass
elif 1862:
    pass
elif 1863:
    pass
elif 1864:
    pass
elif 1865:
    pass
elif 1866:
    pass
elif 1867:
    pass
elif 1868:
    pass
elif 1869:
    pass
elif 1870:
    pass
elif 1871:
    pass
elif 1872:
    pass
elif 1873:
    pass
elif 1874:
    pass
elif 1875:
    pass
elif 1876:
    pass
elif 1877:
    pass
elif 1878:
    pass
elif 1879:
    pass
elif 1880:
    pass
elif 1881:
    pass
elif 1882:
    pass
elif 1883:
    pass
elif 1884:
    pass
elif 1885:
    pass
elif 1886:
    pass
elif 1887:
    pass
elif 1888:
    pass
elif 1889:
    pass
elif 1890:
    pass
elif 1891:
    pass
elif 1892:
    pass
elif 1893:
    pass
elif 1894:
    pass
elif 1895:
    pass
elif 1896:
    pass
elif 1897:
    pass
elif 1898:
    pass
elif 1899:
    pass
elif 1900:
    pass
elif 1901:
    pass
elif 1902:
    pass
elif 1903:
    pass
elif 1904:
    pass
elif 1905:
    pass
elif 1906:
    pass
elif 1907:
    pass
elif 1908:
    pass
elif 1909:
    pass
elif 1910:
    pass
elif 1911:
    pass
elif 1912:
    pass
elif 1913:
    pass
elif 1914:
    pass
elif 1915:
    pass
elif 1916:
    pass
elif 1917:
    pass
elif 1918:
    pass
elif 1919:
    pass
elif 1920:
    pass
elif 1921:
    pass
elif 1922:
    pass
elif 1923:
    pass
elif 1924:
    pass
elif 1925:
    pass
elif 1926:
    pass
elif 1927:
    pass
elif 1928:
    pass
elif 1929:
    pass
elif 1930:
    pass
elif 1931:
    pass
elif 1932:
    pass
elif 1933:
    pass
elif 1934:
    pass
elif 1935:
    pass
elif 1936:
    pass
elif 1937:
    pass
elif 1938:
    pass
elif 1939:
    pass
elif 1940:
    pass
elif 1941:
    pass
elif 1942:
    pass
elif 1943:
    pass
elif 1944:
    pass
elif 1945:
    pass
elif 1946:
    pass
elif 1947:
    pass
elif 1948:
    pass
elif 1949:
    pass
elif 1950:
    pass
elif 1951:
    pass
elif 1952:
    pass
elif 1953:
    pass
elif 1954:
    pass
elif 1955:
    pass
elif 1956:
    pass
elif 1957:
    pass
elif 1958:
    pass
elif 1959:
    pass
elif 1960:
    pass
elif 1961:
    pass
elif 1962:
    pass
elif 1963:
    pass
elif 1964:
    pass
elif 1965:
    pass
elif 1966:
    pass
elif 1967:
    pass
elif 1968:
    pass
elif 1969:
    pass
elif 1970:
    pass
elif 1971:
    pass
elif 1972:
    pass
elif 1973:
    pass
elif 1974:
    pass
elif 1975:
    pass
elif 1976:
    pass
elif 1977:
    pass
elif 1978:
    pass
elif 1979:
    pass
elif 1980:
    pass
elif 1981:
    pass
elif 1982:
    pass
elif 1983:
    pass
elif 1984:
    pass
elif 1985:
    pass
elif 1986:
    pass
elif 1987:
    pass
elif 1988:
    pass
elif 1989:
    pass
elif 1990:
    pass
elif 1991:
    pass
elif 1992:
    pass
elif 1993:
    pass
elif 1994:
    pass
elif 1995:
    pass
elif 1996:
    pass
elif 1997:
    pass
elif 1998:
    pass
elif 1999:
    pass
elif 2000:
    pass
